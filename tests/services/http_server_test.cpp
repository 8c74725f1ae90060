#include "lab/services/http_server.hpp"

#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>

#include "lab/services/http_lab_page.hpp"
#include "tests/stack/stack_fixture.hpp"
#include "tests/support/temp_dir.hpp"

namespace wirelab::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: lab\r\n\r\n";
constexpr std::string_view get_and_close = "GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n";

std::string body_of(std::string_view answer) { return std::string(answer.substr(answer.find("\r\n\r\n") + 4)); }

struct HttpServerTest : StackTest {
  HttpServer& serve(HttpServer::Handler handler, HttpServer::Options options = {}) {
    HttpServer::Events events{
        .on_open = {},
        .on_answer = {},
        .on_bad_request = {},
        .on_close = [this](HttpServer::ClientId, const CloseReason& reason) { closed.push_back(reason.to_string()); }};
    server = std::make_unique<HttpServer>(loop, open_here, loopback, std::move(handler), events, options);
    return *server;
  }
  HttpServer& serve_text(std::string text, const HttpServer::Options& options = {}) {
    return serve([text](const HttpRequest&) { return HttpResponse{.body = text}; }, options);
  }

  // All that a plain client gets for `bytes`, until the server ends.
  std::string ask(std::string_view bytes, bool and_end = false) {
    const auto peer = plain_client(server->local());
    EXPECT_EQ(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    if (and_end) ::shutdown(peer.get(), SHUT_WR);
    Reader reader;
    EXPECT_TRUE(until([&] {
      reader.read(peer.get());
      return reader.end.has_value();
    })) << reader.text.substr(0, 500);
    EXPECT_EQ(reader.end, 0) << "reset";
    return reader.text;
  }

  std::unique_ptr<HttpServer> server;
  std::vector<std::string> closed;
};

TEST_P(HttpServerTest, AnswersWithLengthAndDateAndKeepsTheConnection) {
  serve_text("hello");
  const auto answer = ask(std::string(get) + std::string(get_and_close));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: "));
  EXPECT_THAT(answer, HasSubstr(" GMT\r\n\r\nhelloHTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, EndsWith("Connection: close\r\n\r\nhello"));
  EXPECT_EQ(server->stats().answered, 2U);
}

TEST_P(HttpServerTest, LeavesTheBodyOfHeadOut) {
  serve_text("hello");
  const auto answer = ask("HEAD / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(body_of(answer), "");
}

TEST_P(HttpServerTest, TellsAnHttp10ClientThatItKeepsTheConnection) {
  serve_text("hello");
  const auto answer = ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Connection: keep-alive\r\n\r\nhelloHTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, EndsWith("Connection: close\r\n\r\nhello"));
}

TEST_P(HttpServerTest, AnswersPipelinedRequestsInTheirOrderHoweverLargeTheAnswers) {
  // Far more than the kernel takes for a client that does not read yet.
  const auto large = pattern(300'000);
  serve([&](const HttpRequest& request) {
    return HttpResponse{.body = std::string(request.path) + (request.path.ends_with("5") ? large : "")};
  });
  std::string requests, expected;
  for (int i = 0; i < 100; ++i) {
    requests += fmt::format("GET /{} HTTP/1.1\r\nHost: lab\r\n{}\r\n", i, i == 99 ? "Connection: close\r\n" : "");
    expected += fmt::format("/{}{}", i, i % 10 == 5 ? large : "");
  }
  const auto answer = ask(requests);
  std::string bodies;
  for (std::size_t at = 0; at < answer.size();) {
    const auto head = answer.find("\r\n\r\n", at) + 4;
    const auto length = answer.find("Content-Length: ", at) + 16;
    const auto size = std::stoul(answer.substr(length));
    bodies += answer.substr(head, size);
    at = head + size;
  }
  EXPECT_EQ(bodies, expected);
}

TEST_P(HttpServerTest, WhoDoesNotReadMakesNothingGrow) {
  const std::string large(100'000, 'x');
  serve_text(large);
  const auto peer = plain_client(server->local());
  const auto ask_again = [&] { ::send(peer.get(), get.data(), get.size(), MSG_NOSIGNAL | MSG_DONTWAIT); };
  const auto waiting = [&] { return server->tcp().queued(HttpServer::ClientId{1}); };
  EXPECT_TRUE(until([&] {
    ask_again();
    return waiting() > 0;
  }));
  const auto answered = server->stats().answered;
  for (int i = 0; i < 1000; ++i) ask_again();
  EXPECT_EQ(ask(get_and_close).size(), large.size() + ask("HEAD / HTTP/1.0\r\n\r\n").size()) << "others are served on";
  EXPECT_EQ(server->stats().answered, answered + 2);
  EXPECT_LE(waiting(), large.size() + 1000);
}

TEST_P(HttpServerTest, StreamsInChunksOrUntilTheEnd) {
  serve([](const HttpRequest&) {
    return HttpResponse{.body = HttpStream([i = 0]() mutable { return ++i > 3 ? "" : fmt::format("piece {}\n", i); })};
  });
  const auto chunked = ask(std::string(get) + std::string(get_and_close));
  EXPECT_THAT(chunked, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(chunked, HasSubstr("8\r\npiece 1\n\r\n8\r\npiece 2\n\r\n8\r\npiece 3\n\r\n0\r\n\r\nHTTP/1.1 200"));
  EXPECT_THAT(chunked, EndsWith("0\r\n\r\n"));
  const auto plain = ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(plain, Not(HasSubstr("Transfer-Encoding")));
  EXPECT_EQ(body_of(plain), "piece 1\npiece 2\npiece 3\n");
}

TEST_P(HttpServerTest, AnEndlessStreamStopsNobodyElse) {
  const std::string piece(100'000, 'x');
  serve([&](const HttpRequest& request) {
    if (request.path == "/short") return HttpResponse{.body = "short"};
    return HttpResponse{.body = HttpStream([&] { return piece; })};
  });
  const auto endless = plain_client(server->local());
  ::send(endless.get(), get.data(), get.size(), MSG_NOSIGNAL);
  std::size_t taken = 0;
  std::string buffer(1 << 20, '\0');
  const auto take = [&] {
    const auto count = ::recv(endless.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) taken += static_cast<std::size_t>(count);
  };
  EXPECT_TRUE(until([&] {
    take();
    return taken > 20 * piece.size();
  }));
  EXPECT_EQ(body_of(ask("GET /short HTTP/1.0\r\n\r\n")), "short");
}

TEST_P(HttpServerTest, SendsFilesAndBreaksOffWhereOneHasShrunk) {
  const TempDir folder;
  const auto content = pattern(3'000'000);
  std::ofstream(folder / "file") << content;
  serve([&](const HttpRequest& request) {
    UniqueFd file(::open((folder / "file").c_str(), O_RDONLY | O_CLOEXEC));
    return HttpResponse{.body = HttpFile{std::move(file), content.size() + (request.path == "/shrunk" ? 1 : 0)}};
  });
  EXPECT_EQ(body_of(ask(get_and_close)), content);
  const auto peer = plain_client(server->local());
  constexpr std::string_view shrunk = "GET /shrunk HTTP/1.1\r\nHost: lab\r\n\r\n";
  ::send(peer.get(), shrunk.data(), shrunk.size(), MSG_NOSIGNAL);
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.end.has_value();
  }));
  EXPECT_EQ(reader.end, ECONNRESET);
}

TEST_P(HttpServerTest, SaysWhatIsNoRequestAndCloses) {
  serve_text("hello");
  const auto answer = ask(std::string(get) + "nonsense\r\nGET / HTTP/1.1\r\nHost: lab\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("helloHTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("no request line of method, target and version (byte 29)\n"));
  EXPECT_EQ(server->stats().answered, 1U);
  EXPECT_EQ(server->stats().malformed, 1U);
}

TEST_P(HttpServerTest, AnswersUnknownMethodsAndFailingHandlers) {
  serve([](const HttpRequest&) -> HttpResponse { throw std::runtime_error("secret"); });
  EXPECT_THAT(ask("BREW / HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 501 Not Implemented\r\n"));
  const auto failed = ask("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(failed, StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_THAT(failed, Not(HasSubstr("secret")));
}

TEST_P(HttpServerTest, AHeaderThatIsNoneIsTheServersFault) {
  serve([](const HttpRequest&) { return HttpResponse{.headers = {{"Location", "/\r\nSet-Cookie: x"}}}; });
  EXPECT_THAT(ask("GET / HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
}

TEST_P(HttpServerTest, AStreamThatFailsBreaksOff) {
  serve([](const HttpRequest&) {
    return HttpResponse{.body = HttpStream([]() -> std::string { throw std::runtime_error("secret"); })};
  });
  const auto peer = plain_client(server->local());
  ::send(peer.get(), get.data(), get.size(), MSG_NOSIGNAL);
  EXPECT_TRUE(until([&] { return !closed.empty(); }));
  EXPECT_THAT(closed, ::testing::ElementsAre("aborted"));
}

TEST_P(HttpServerTest, AnswersWhoEndedItsHalfAfterTheRequest) {
  const auto large = pattern(3'000'000);
  serve_text(large);
  EXPECT_EQ(body_of(ask(get, true)), large);
  EXPECT_THAT(ask("GET / HT", true), HasSubstr("the end came within a request (byte 8)"));
  EXPECT_EQ(ask("", true), "");
}

TEST_P(HttpServerTest, TellsWhoWaitsToGoOn) {
  serve([](const HttpRequest& request) { return HttpResponse{.body = std::string(as_text(request.body))}; });
  const auto peer = plain_client(server->local());
  constexpr std::string_view head =
      "PUT / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
  ::send(peer.get(), head.data(), head.size(), MSG_NOSIGNAL);
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return !reader.text.empty();
  }));
  EXPECT_EQ(reader.text, "HTTP/1.1 100 Continue\r\n\r\n");
  ::send(peer.get(), "body", 4, MSG_NOSIGNAL);
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.end.has_value();
  }));
  EXPECT_THAT(reader.text, EndsWith("\r\n\r\nbody"));
}

// Byte by byte, each well within the limit, the whole never: in the head, the body, before a chunk and behind the last.
TEST_P(HttpServerTest, ARequestThatComesTooSlowlyIsAnsweredAndClosed) {
  constexpr auto limit = 50ms;
  constexpr std::string_view head = "PUT / HTTP/1.1\r\nHost: lab\r\n";
  const std::string chunked = std::string(head) + "Transfer-Encoding: chunked\r\n\r\n";
  serve_text("hello", {.request_limit = limit});
  std::uint64_t late = 0;
  for (const auto& begin : {std::string(head) + "X: ", std::string(head) + "Content-Length: 1000\r\n\r\n",
                            chunked + "5;", chunked + "0\r\nX: "}) {
    const auto peer = plain_client(server->local());
    ::send(peer.get(), begin.data(), begin.size(), MSG_NOSIGNAL);
    std::size_t bytes = 0;
    const auto timer = loop.every(limit / 5, [&] {
      ++bytes;
      ::send(peer.get(), "x", 1, MSG_NOSIGNAL);
    });
    Reader reader;
    EXPECT_TRUE(until([&] {
      reader.read(peer.get());
      return reader.text.find("byte") != std::string::npos || reader.end;
    }));
    loop.cancel(timer);
    EXPECT_THAT(reader.text, StartsWith("HTTP/1.1 408 Request Timeout\r\n")) << begin;
    EXPECT_LT(bytes, 50U);
    EXPECT_EQ(server->stats().late, ++late);
  }
}

// A few bytes now and then are not idle, and yet nothing that may go on for ever.
TEST_P(HttpServerTest, WhoTakesAnAnswerTooSlowlyIsReset) {
  serve_text(std::string(30'000'000, 'x'), {.idle_limit = 200ms, .least_rate = std::uint64_t{1} << 40});
  const auto peer = plain_client(server->local());
  ::send(peer.get(), get.data(), get.size(), MSG_NOSIGNAL);
  std::string buffer(100'000, '\0');
  const auto timer = loop.every(5ms, [&] { (void)::recv(peer.get(), buffer.data(), buffer.size(), MSG_DONTWAIT); });
  EXPECT_TRUE(until([&] { return !closed.empty(); }));
  loop.cancel(timer);
  EXPECT_THAT(closed, ::testing::ElementsAre("the peer was too slow"));
  EXPECT_EQ(server->stats().slow, 1U);
}

TEST_P(HttpServerTest, WhoSaysNothingIsClosedAfterTheIdleLimit) {
  serve_text("hello", {.request_limit = 50ms, .idle_limit = 50ms});
  EXPECT_EQ(ask(""), "");
  EXPECT_EQ(body_of(ask(get)), "hello") << "between requests too";
  EXPECT_EQ(server->stats().late, 0U);
}

TEST_P(HttpServerTest, StopsCleanly) {
  serve_text("hello");
  const auto peer = plain_client(server->local());
  EXPECT_TRUE(until([&] { return server->tcp().clients() == 1; }));
  bool stopped = false;
  server->stop([&] { stopped = true; });
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    if (reader.end) ::shutdown(peer.get(), SHUT_WR);
    return stopped;
  }));
  EXPECT_EQ(reader.end, 0);
}

TEST_P(HttpServerTest, StoppingDoesNotMakeACutAnswerLookWhole) {
  serve([](const HttpRequest&) { return HttpResponse{.body = HttpStream([] { return std::string(100'000, 'x'); })}; });
  const auto peer = plain_client(server->local());
  constexpr std::string_view old = "GET / HTTP/1.0\r\n\r\n";
  ::send(peer.get(), old.data(), old.size(), MSG_NOSIGNAL);
  EXPECT_TRUE(until([&] { return server->tcp().queued(HttpServer::ClientId{1}) > 0; }));
  bool stopped = false;
  server->stop([&] { stopped = true; });
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return stopped && reader.end;
  }));
  EXPECT_EQ(reader.end, ECONNRESET);
}

TEST_P(HttpServerTest, TheLabsPageShowsBothWaysToEndABody) {
  serve(http_lab_page);
  EXPECT_THAT(ask("GET / HTTP/1.0\r\n\r\n"), HasSubstr("Content-Type: text/html"));
  EXPECT_EQ(body_of(ask("GET /hello HTTP/1.0\r\n\r\n")), "Hello from wirelab.\n");
  EXPECT_THAT(ask("GET /count HTTP/1.0\r\n\r\n"), EndsWith("99\n100\n"));
  EXPECT_THAT(ask("GET /other HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("DELETE / HTTP/1.0\r\n\r\n"), HasSubstr("Allow: GET, HEAD\r\n"));
}

TEST(HttpResponse, AHeaderThatWouldEndItsLineIsAMistakeOfTheCaller) {
  for (const auto& header : {HttpHeader{"Location", "/\r\nSet-Cookie: x"}, HttpHeader{"a b", "c"}, HttpHeader{"", ""}})
    EXPECT_THROW(http_head({.headers = {header}}, {}), std::logic_error);
}

TEST(HttpResponse, WritesDatesAsTheStandardDoes) {
  EXPECT_EQ(http_date(std::chrono::system_clock::from_time_t(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

INSTANTIATE_TEST_SUITE_P(All, HttpServerTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
