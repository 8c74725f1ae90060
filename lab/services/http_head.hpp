// Judges the head of an HTTP request: request line and fields. A part of HttpParser, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "lab/services/http_request.hpp"

namespace wirelab {

// How the end of the body is found (RFC 9112, 6).
struct HttpFraming {
  bool chunked = false;
  std::uint64_t length = 0;  // unless chunked
};

struct HttpHead {
  HttpRequest request;  // without a body
  HttpFraming framing;
  bool expects_continue = false;  // the client waits for "100 Continue" before it sends the body
};

// The lines are without their CRLF, and hold neither CR, LF nor other control characters than HTAB. Offsets of errors
// are those of the text.
//
// Nothing, or what is wrong with the first line, so that who does not speak HTTP is told at once.
std::optional<HttpError> check_request_line(std::string_view line);
// `head`: the request line and the field lines, each with its CRLF. The views are of `head`.
std::variant<HttpHead, HttpError> parse_http_head(std::string_view head, std::size_t body_limit);
// A field line; its views are of `line`.
std::variant<HttpField, HttpError> parse_field_line(std::string_view line);
// The size of a chunk in bytes, from the line before it: hexadecimal digits of a number below 2^64, then nothing or ';'
// and an extension, which is ignored.
std::optional<std::uint64_t> parse_chunk_size(std::string_view line);

}  // namespace wirelab
