#include "lab/services/http_response.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

#include "lab/services/http_request.hpp"

namespace wirelab {
namespace {

std::uint64_t length_of(const HttpResponse& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return text->size();
  const auto* file = std::get_if<HttpFile>(&response.body);
  return file == nullptr ? 0 : file->size;
}

bool is_header(const HttpHeader& header) {
  return is_http_token(header.name) &&
         std::ranges::none_of(header.value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

std::string_view reason_of(unsigned status) {
  struct Reason {
    unsigned status;
    std::string_view phrase;
  };
  static constexpr std::array reasons{Reason{100, "Continue"},
                                      Reason{200, "OK"},
                                      Reason{204, "No Content"},
                                      Reason{301, "Moved Permanently"},
                                      Reason{304, "Not Modified"},
                                      Reason{400, "Bad Request"},
                                      Reason{403, "Forbidden"},
                                      Reason{404, "Not Found"},
                                      Reason{405, "Method Not Allowed"},
                                      Reason{408, "Request Timeout"},
                                      Reason{413, "Content Too Large"},
                                      Reason{414, "URI Too Long"},
                                      Reason{417, "Expectation Failed"},
                                      Reason{431, "Request Header Fields Too Large"},
                                      Reason{500, "Internal Server Error"},
                                      Reason{501, "Not Implemented"},
                                      Reason{503, "Service Unavailable"},
                                      Reason{505, "HTTP Version Not Supported"}};
  const auto* found = std::ranges::find(reasons, status, &Reason::status);
  return found == reasons.end() ? "Unknown" : found->phrase;
}

bool http_has_body(unsigned status) { return status >= 200 && status != 204 && status != 304; }

HttpResponse http_text(unsigned status, std::string_view why) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = fmt::format("{} {}\n{}\n", status, reason_of(status), why)};
}

HttpResponse http_page(std::string html) {
  return {.headers = {{"Content-Type", "text/html; charset=utf-8"}}, .body = std::move(html)};
}

HttpResponse only_get_and_head() {
  auto response = http_text(405, "only GET and HEAD are answered here");
  response.headers.push_back({"Allow", "GET, HEAD"});
  return response;
}

std::string http_date(std::chrono::system_clock::time_point when) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = std::chrono::system_clock::to_time_t(when);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days.at(static_cast<std::size_t>(utc.tm_wday)),
                     utc.tm_mday, months.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

std::string html_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

void check_http_headers(const HttpResponse& response) {
  const auto bad = std::ranges::find_if_not(response.headers, is_header);
  if (bad != response.headers.end()) throw std::logic_error("an HTTP header that is none: " + bad->name);
}

std::string http_head(const HttpResponse& response, const HttpHeadOptions& options) {
  check_http_headers(response);
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  const auto out = std::back_inserter(head);
  for (const auto& header : response.headers) fmt::format_to(out, "{}: {}\r\n", header.name, header.value);
  if (http_has_body(response.status)) {
    if (options.ending == HttpEnding::length) fmt::format_to(out, "Content-Length: {}\r\n", length_of(response));
    if (options.ending == HttpEnding::chunked) head += "Transfer-Encoding: chunked\r\n";
  }
  if (!options.date.empty()) fmt::format_to(out, "Date: {}\r\n", options.date);
  if (!options.connection.empty()) fmt::format_to(out, "Connection: {}\r\n", options.connection);
  return head += "\r\n";
}

std::string http_chunk(std::string_view piece) { return fmt::format("{:x}\r\n{}\r\n", piece.size(), piece); }

}  // namespace wirelab
