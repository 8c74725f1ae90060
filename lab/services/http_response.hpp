// What answers an HTTP request: status, fields and a body in one of three forms. Public.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lab/base/unique_fd.hpp"

namespace wirelab {

struct HttpHeader {
  std::string name;
  std::string value;
};

// A regular file, of which the first `size` bytes are sent without copying them. A file that has fewer by then ends the
// connection: the client must not take it for whole.
struct HttpFile {
  UniqueFd file;
  std::uint64_t size = 0;
};

// Gives one piece of the body after the other, when there is room for it; an empty one ends it.
using HttpStream = std::function<std::string()>;

struct HttpResponse {
  unsigned status = 200;
  // Without those that belong to the server: Content-Length, Transfer-Encoding, Connection, Date.
  std::vector<HttpHeader> headers;
  std::variant<std::string, HttpFile, HttpStream> body;
};

// "Not Found" (RFC 9110, 15); "Unknown" for a status that nobody here gives.
std::string_view reason_of(unsigned status);
// Whether an answer with this status has a body (RFC 9110, 8.6); the others have no Content-Length either.
bool http_has_body(unsigned status);
// A short text in English that says the status and `why`.
HttpResponse http_text(unsigned status, std::string_view why);
// A page of HTML.
HttpResponse http_page(std::string html);
// 405, for a server of pages alone.
HttpResponse only_get_and_head();
// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7)
std::string http_date(std::chrono::system_clock::time_point when);
// Text as HTML shows it, also within quotes.
std::string html_escaped(std::string_view text);

// How a body is ended on the wire.
enum class HttpEnding : std::uint8_t { length, chunked, close };

struct HttpHeadOptions {
  HttpEnding ending = HttpEnding::length;
  std::string_view connection;  // empty: no Connection field
  std::string_view date;
};
// Throws std::logic_error for a header that would end its line, whatever a handler was made to put there.
void check_http_headers(const HttpResponse& response);
// Status line and fields up to and with the empty line. Throws as check_http_headers.
std::string http_head(const HttpResponse& response, const HttpHeadOptions& options);
// "5\r\nhello\r\n"; an empty piece is the last chunk.
std::string http_chunk(std::string_view piece);

}  // namespace wirelab
