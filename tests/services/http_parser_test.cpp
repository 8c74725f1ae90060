#include "lab/services/http_parser.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace wirelab {
namespace {

constexpr HttpLimits small{.request_line = 40, .fields = 80, .field_count = 4, .body = 20};

struct Told {
  std::vector<std::string> requests;  // "GET /path?query body"
  std::optional<HttpError> error;
  friend bool operator==(const Told&, const Told&) = default;
};

Told parse(std::string_view stream, std::size_t piece, const HttpLimits& limits = {}) {
  HttpParser parser(limits);
  Told told;
  while (!stream.empty() && !told.error) {
    parser.feed(as_bytes(stream.substr(0, piece)));
    stream.remove_prefix(std::min(piece, stream.size()));
    for (;;) {
      const auto next = parser.next();
      if (const auto* error = std::get_if<HttpError>(&next)) told.error = *error;
      const auto* request = std::get_if<HttpRequest>(&next);
      if (request == nullptr) break;
      std::string text(request->method);
      text.append(" ").append(request->path);
      if (!request->query.empty()) text.append("?").append(request->query);
      if (!request->body.empty()) text.append(" ").append(as_text(request->body));
      told.requests.push_back(text);
    }
  }
  if (!told.error) told.error = parser.eof();
  return told;
}

// In one piece, with the same answer byte by byte.
Told parse(std::string_view stream, const HttpLimits& limits = {}) {
  const auto whole = parse(stream, stream.size() + 1, limits);
  EXPECT_EQ(parse(stream, 1, limits), whole) << stream;
  return whole;
}

HttpRequest copy_of_first(HttpParser& parser, std::string_view stream) {
  parser.feed(as_bytes(stream));
  return std::get<HttpRequest>(parser.next());
}

TEST(HttpParser, ReadsRequestsOneAfterTheOther) {
  const auto told = parse(
      "GET /a?x=1&y=2 HTTP/1.1\r\nHost: lab\r\n\r\n"
      "\r\n"  // forgiven once
      "POST /b HTTP/1.1\r\nHost:lab\r\nContent-Length:  5 \r\n\r\nhello"
      "PUT http://lab:80/c HTTP/1.1\r\nHOST: lab\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nabc\r\nA;name=value\r\n0123456789\r\n0\r\nTrailer: yes\r\n\r\n"
      "OPTIONS * HTTP/1.1\r\nHost: lab\r\n\r\n"
      "CONNECT lab:443 HTTP/1.1\r\nHost: lab:443\r\n\r\n"
      "HEAD http://lab?q HTTP/1.0\r\n\r\n");
  EXPECT_THAT(told.requests, testing::ElementsAre("GET /a?x=1&y=2", "POST /b hello", "PUT /c abc0123456789",
                                                  "OPTIONS *", "CONNECT lab:443", "HEAD /?q"));
  EXPECT_EQ(told.error, std::nullopt);
}

TEST(HttpParser, GivesFieldsAsTheyCameAndFindsThemInAnyCase) {
  HttpParser parser;
  const auto request =
      copy_of_first(parser, "GET / HTTP/1.1\r\nHost: lab\r\nX-One:\t a b \r\nEmpty:\r\nx-one: c\r\n\r\n");
  EXPECT_EQ(request.fields[1], (HttpField{"X-One", "a b"}));
  EXPECT_EQ(request.value("X-ONE"), "a b");
  EXPECT_EQ(request.value("empty"), "");
  EXPECT_EQ(request.value("none"), std::nullopt);
}

TEST(HttpParser, KnowsWhoKeepsTheConnection) {
  struct Case {
    std::string_view version, connection;
    bool keeps;
  };
  for (const auto& [version, connection, keeps] : {Case{"1.1", "", true},
                                                   {"1.1", "close", false},
                                                   {"1.1", "Upgrade, CLOSE", false},
                                                   {"1.1", "keep-alive", true},
                                                   {"1.9", "", true},
                                                   {"1.0", "", false},
                                                   {"1.0", "Keep-Alive", true},
                                                   {"1.0", "keep-alive, close", false}}) {
    HttpParser parser;
    const auto request =
        copy_of_first(parser, fmt::format("GET / HTTP/{}\r\nHost: lab\r\nConnection: {}\r\n\r\n", version, connection));
    EXPECT_EQ(request.keep_alive, keeps) << version << " " << connection;
  }
}

struct Bad {
  std::string_view stream;
  HttpFault fault;
  unsigned status;
  std::uint64_t offset;
};
class HttpBadRequest : public testing::TestWithParam<Bad> {};

TEST_P(HttpBadRequest, IsAnErrorWithStatusAndOffset) {
  const auto& [stream, fault, status, offset] = GetParam();
  const auto told = parse(stream, small);
  EXPECT_THAT(told.requests, testing::IsEmpty()) << stream;
  EXPECT_EQ(told.error, (HttpError{fault, offset})) << stream << "\n" << (told.error ? told.error->to_string() : "");
  EXPECT_EQ(status_of(fault), status);
}

constexpr std::string_view long_line = "GET /0123456789012345678901234567890123456789 HTTP/1.1\r\n";
constexpr std::string_view host = "GET / HTTP/1.1\r\nHost: lab\r\n";  // 27 bytes

// Each line a fact: what comes, what is wrong with it, the status, and at which byte.
const Bad bad_requests[] = {
    {"\x16\x03\x01\x02", HttpFault::control_character, 400, 0},  // TLS
    {"GET\r\n", HttpFault::bad_request_line, 400, 0},
    {"GET /\r\n", HttpFault::bad_request_line, 400, 0},  // HTTP/0.9
    {"hello there\r\n", HttpFault::bad_request_line, 400, 0},
    {"GET  / HTTP/1.1\r\n", HttpFault::bad_target, 400, 4},
    {"GET / a HTTP/1.1\r\n", HttpFault::bad_target, 400, 4},
    {"G(T / HTTP/1.1\r\n", HttpFault::bad_request_line, 400, 0},
    {"GET / HTTP/1.1 \r\n", HttpFault::bad_request_line, 400, 15},
    {"GET / http/1.1\r\n", HttpFault::bad_request_line, 400, 6},
    {"GET / HTTP/1.10\r\n", HttpFault::bad_request_line, 400, 6},
    {"GET / HTTP/2.0\r\n", HttpFault::unsupported_version, 505, 6},
    {"PRI * HTTP/2.0\r\n", HttpFault::unsupported_version, 505, 6},
    {"GET * HTTP/1.1\r\n", HttpFault::bad_target, 400, 4},
    {"GET a/b HTTP/1.1\r\n", HttpFault::bad_target, 400, 4},
    {"GET /a#b HTTP/1.1\r\n", HttpFault::bad_target, 400, 4},
    {"GET /\xc3\xa4 HTTP/1.1\r\n", HttpFault::bad_target, 400, 4},
    {"GET http:///a HTTP/1.1\r\n", HttpFault::bad_target, 400, 4},
    {"CONNECT /a HTTP/1.1\r\n", HttpFault::bad_target, 400, 8},
    {"\r\n\r\nGET / HTTP/1.1\r\n", HttpFault::bad_request_line, 400, 2},
    {"GET / HTTP/1.1\n", HttpFault::bare_lf, 400, 14},
    {"GET / HTTP/1.1\rHost: lab\r\n", HttpFault::bare_cr, 400, 14},
    {"GET / HTTP/1.1\r\nHost: lab\n", HttpFault::bare_lf, 400, 25},
    {"GET / HTTP/1.1\r\nHost: l\rb\r\n", HttpFault::bare_cr, 400, 23},
    {std::string_view("GET /\0 HTTP/1.1\r\n", 17), HttpFault::control_character, 400, 5},
    {"GET / HTTP/1.1\r\nHost: l\x7f\r\n", HttpFault::control_character, 400, 23},
    {long_line, HttpFault::request_line_too_long, 414, 40},
    {"GET / HTTP/1.1\r\n\r\n", HttpFault::no_host, 400, 16},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", HttpFault::two_hosts, 400, 31},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", HttpFault::bad_host, 400, 22},
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", HttpFault::bad_field, 400, 16},
    {"GET / HTTP/1.1\r\nHost\r\n\r\n", HttpFault::bad_field, 400, 16},
    {"GET / HTTP/1.1\r\n: a\r\n\r\n", HttpFault::bad_field, 400, 16},
    {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", HttpFault::folded_field, 400, 16},
    {"GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", HttpFault::folded_field, 400, 25},
    {"GET / HTTP/1.1\r\na:1\r\nb:1\r\nc:1\r\nd:1\r\ne:1\r\n\r\n", HttpFault::fields_too_long, 431, 36},
    {"GET / HTTP/1.1\r\na:0123456789012345678901234567890123456789\r\nb:0123456789012345678901234567890123456789",
     HttpFault::fields_too_long, 431, 96},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", HttpFault::bad_length, 400, 41},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", HttpFault::bad_length, 400, 41},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", HttpFault::bad_length, 400, 41},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", HttpFault::bad_length, 400, 41},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", HttpFault::bad_length, 400, 40},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n", HttpFault::body_too_long, 413, 41},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", HttpFault::body_too_long, 413, 41},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", HttpFault::two_lengths, 400, 60},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", HttpFault::two_lengths, 400, 60},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     HttpFault::length_and_coding, 400, 63},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
     HttpFault::length_and_coding, 400, 69},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", HttpFault::bad_coding, 400, 44},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", HttpFault::bad_coding, 400, 44},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", HttpFault::unknown_coding, 501, 44},
    {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", HttpFault::bad_coding, 400, 35},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", HttpFault::unknown_expectation, 417, 33},
    {"GET / HTTP/1.1\r\nHost: a", HttpFault::truncated, 400, 23},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell", HttpFault::truncated, 400, 50},
};
INSTANTIATE_TEST_SUITE_P(All, HttpBadRequest, testing::ValuesIn(bad_requests));

// Of a chunked body: what follows the head, and at which of its bytes it is wrong.
const Bad bad_chunks[] = {
    {"\r\n", HttpFault::bad_chunk, 400, 0},
    {"x\r\n", HttpFault::bad_chunk, 400, 0},
    {"-1\r\n", HttpFault::bad_chunk, 400, 0},
    {"0x5\r\n", HttpFault::bad_chunk, 400, 0},
    {" 5\r\n", HttpFault::bad_chunk, 400, 0},
    {"5 \r\n", HttpFault::bad_chunk, 400, 0},
    {"5\n", HttpFault::bare_lf, 400, 1},
    {"10000000000000005\r\n", HttpFault::bad_chunk, 400, 0},
    {"15\r\n", HttpFault::body_too_long, 413, 0},
    {"a\r\n0123456789\r\nb\r\n", HttpFault::body_too_long, 413, 15},
    {"3\r\nabcd\r\n", HttpFault::bad_chunk, 400, 6},
    {"3\r\nabc\n", HttpFault::bare_lf, 400, 6},
    {"0\r\n a: b\r\n", HttpFault::folded_field, 400, 3},
    {"0\r\na b: c\r\n", HttpFault::bad_field, 400, 3},
    {"3\r\nab", HttpFault::truncated, 400, 5},
};

TEST(HttpParser, RefusesBadChunks) {
  const std::string head = std::string(host) + "Transfer-Encoding: chunked\r\n\r\n";
  for (const auto& [stream, fault, status, offset] : bad_chunks) {
    const auto told = parse(head + std::string(stream), small);
    EXPECT_THAT(told.requests, testing::IsEmpty());
    EXPECT_EQ(told.error, (HttpError{fault, head.size() + offset})) << stream;
    EXPECT_EQ(status_of(fault), status);
  }
}

TEST(HttpParser, AChunkExtensionWithoutEndIsRefused) {
  const auto head = std::string(host) + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(parse(head + "5;" + std::string(300, 'x')).error, (HttpError{HttpFault::bad_chunk, head.size() + 256}));
}

TEST(HttpParser, LimitsAreTheLastThatIsAllowed) {
  const std::string path(40 - std::string_view("GET / HTTP/1.1").size(), 'a');
  EXPECT_EQ(parse("GET /" + path + " HTTP/1.0\r\n\r\n", small).error, std::nullopt);
  EXPECT_EQ(parse("GET /" + path + "a HTTP/1.0\r\n\r\n", small).error->fault, HttpFault::request_line_too_long);
  EXPECT_EQ(parse("PUT / HTTP/1.0\r\nContent-Length: 20\r\n\r\n01234567890123456789", small).error, std::nullopt);
  EXPECT_EQ(parse("GET / HTTP/1.0\r\na:1\r\nb:1\r\nc:1\r\nd:1\r\n\r\n", small).error, std::nullopt);
}

TEST(HttpParser, SaysTheSameErrorAgainAndReadsNoMore) {
  HttpParser parser;
  parser.feed(as_bytes("nonsense\r\n"));
  const auto error = std::get<HttpError>(parser.next());
  parser.feed(as_bytes("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(std::get<HttpError>(parser.next()), error);
  EXPECT_EQ(parser.eof(), error);
  EXPECT_EQ(error.to_string(), "no request line of method, target and version (byte 0)");
}

TEST(HttpParser, KnowsWhatItWaitsFor) {
  HttpParser parser;
  const auto feed = [&](std::string_view text) {
    parser.feed(as_bytes(text));
    return std::holds_alternative<HttpRequest>(parser.next());
  };
  EXPECT_FALSE(parser.begun());
  EXPECT_FALSE(feed("P"));
  EXPECT_TRUE(parser.begun());
  EXPECT_FALSE(feed("UT / HTTP/1.1\r\nHost: lab\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n"));
  EXPECT_FALSE(parser.awaits_continue());
  EXPECT_FALSE(feed("\r\n"));
  EXPECT_TRUE(parser.awaits_continue());
  EXPECT_FALSE(feed("o"));
  EXPECT_FALSE(parser.awaits_continue());
  EXPECT_TRUE(feed("k"));
  EXPECT_FALSE(parser.begun());
  EXPECT_EQ(parser.eof(), std::nullopt);
}

TEST(HttpParser, DecodesAndEncodesPaths) {
  EXPECT_EQ(percent_decoded("/a%20b%2Fc%C3%A4"), "/a b/c\xc3\xa4");
  for (const auto* bad : {"%", "%2", "a%2", "%g0", "%0g", "%00", "%%20"})
    EXPECT_EQ(percent_decoded(bad), std::nullopt) << bad;
  EXPECT_EQ(percent_encoded("a b/c\xc3\xa4?#"), "a%20b/c%C3%A4%3F%23");
}

}  // namespace
}  // namespace wirelab
