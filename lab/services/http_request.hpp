// An HTTP/1.1 request as it was read, and why bytes are none (RFC 9110, RFC 9112). Public, pure.
//
//   GET /docs/a.html?x=1 HTTP/1.1      request line: method, target, version
//   Host: lab                          field lines, ended by an empty one
//
//   body                               by Content-Length, or chunked, or none
//
// http_parser.hpp finds requests in a stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/base/bytes.hpp"

namespace wirelab {

// In bytes, unless it says otherwise.
struct HttpLimits {
  std::size_t request_line = 8192;  // RFC 9112, 3: at least 8000
  std::size_t fields = 16384;       // all field lines together, trailers included
  std::size_t field_count = 100;    // field lines
  std::size_t body = std::size_t{1} << 20;
};

struct HttpField {
  std::string_view name;   // as it came; names are compared without regard to case
  std::string_view value;  // without the blanks around it
  friend bool operator==(const HttpField&, const HttpField&) = default;
};

// Views of bytes that the parser owns.
struct HttpRequest {
  std::string_view method;  // case matters
  std::string_view target;  // as it came
  std::string_view path;    // of the target, still percent-encoded; "*" and an authority stand as they are
  std::string_view query;   // behind the path's '?'
  unsigned minor_version = 1;
  bool keep_alive = true;  // the client can use the connection again
  std::vector<HttpField> fields;
  ByteView body;

  // GET or HEAD.
  [[nodiscard]] bool asks_for_page() const { return method == "GET" || method == "HEAD"; }
  // Of the first field with this name.
  [[nodiscard]] std::optional<std::string_view> value(std::string_view name) const;
};

enum class HttpFault : std::uint8_t {
  control_character,
  bare_cr,
  bare_lf,
  bad_request_line,
  bad_target,
  unsupported_version,
  request_line_too_long,
  fields_too_long,
  bad_field,
  folded_field,
  no_host,
  two_hosts,
  bad_host,
  bad_length,
  two_lengths,
  length_and_coding,
  bad_coding,
  unknown_coding,
  bad_chunk,
  body_too_long,
  unknown_expectation,
  late,
  truncated,
};
std::string_view to_string(HttpFault fault);
// The status code that answers it: 400, 408, 413, 414, 417, 431, 501 or 505.
unsigned status_of(HttpFault fault);

// Why bytes are no request. `offset` counts from the first byte of the stream: the byte at which they are wrong, or at
// which something is missing.
struct HttpError {
  HttpFault fault{};
  std::uint64_t offset = 0;
  // "a field name with a blank or none at all (byte 23)"
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const HttpError&, const HttpError&) = default;
};

// Without regard to the case of ASCII letters.
bool same_http_name(std::string_view a, std::string_view b);
// A method, a field name or a connection option: one or more characters of RFC 9110, 5.6.2.
bool is_http_token(std::string_view text);
// The bytes that a percent-encoded path means (RFC 3986, 2.1); nothing if a '%' is not followed by two hexadecimal
// digits, or for a NUL.
std::optional<std::string> percent_decoded(std::string_view text);
// Everything but unreserved characters and '/' as %HH.
std::string percent_encoded(std::string_view text);

}  // namespace wirelab
