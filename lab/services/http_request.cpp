#include "lab/services/http_request.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace wirelab {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_alphanumeric(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9'); }
bool is_unreserved(char c) { return is_alphanumeric(c) || std::string_view("-._~/").find(c) != std::string_view::npos; }

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (lower(c) >= 'a' && lower(c) <= 'f') return static_cast<unsigned>(lower(c) - 'a' + 10);
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> HttpRequest::value(std::string_view name) const {
  const auto found = std::ranges::find_if(fields, [&](const auto& field) { return same_http_name(field.name, name); });
  if (found == fields.end()) return std::nullopt;
  return found->value;
}

std::string_view to_string(HttpFault fault) {
  switch (fault) {
    case HttpFault::control_character:
      return "a control character";
    case HttpFault::bare_cr:
      return "a CR without LF";
    case HttpFault::bare_lf:
      return "an LF without CR";
    case HttpFault::bad_request_line:
      return "no request line of method, target and version";
    case HttpFault::bad_target:
      return "a target that is none";
    case HttpFault::unsupported_version:
      return "a version other than HTTP/1";
    case HttpFault::request_line_too_long:
      return "the request line is too long";
    case HttpFault::fields_too_long:
      return "the fields are too many or too long";
    case HttpFault::bad_field:
      return "a field line without a proper name and colon";
    case HttpFault::folded_field:
      return "a field line that is folded";
    case HttpFault::no_host:
      return "Host is missing";
    case HttpFault::two_hosts:
      return "Host is given twice";
    case HttpFault::bad_host:
      return "Host is not one";
    case HttpFault::bad_length:
      return "Content-Length is not a number";
    case HttpFault::two_lengths:
      return "Content-Length is given twice";
    case HttpFault::length_and_coding:
      return "Content-Length and Transfer-Encoding contradict each other";
    case HttpFault::bad_coding:
      return "Transfer-Encoding does not end with one chunked";
    case HttpFault::unknown_coding:
      return "Transfer-Encoding is not understood";
    case HttpFault::bad_chunk:
      return "a chunk without a proper size and end";
    case HttpFault::body_too_long:
      return "the body is too long";
    case HttpFault::unknown_expectation:
      return "Expect is not understood";
    case HttpFault::late:
      return "the request was not whole in time";
    case HttpFault::truncated:
      return "the end came within a request";
  }
  return "unknown";
}

unsigned status_of(HttpFault fault) {
  switch (fault) {
    case HttpFault::late:
      return 408;
    case HttpFault::body_too_long:
      return 413;
    case HttpFault::request_line_too_long:
      return 414;
    case HttpFault::unknown_expectation:
      return 417;
    case HttpFault::fields_too_long:
      return 431;
    case HttpFault::unknown_coding:
      return 501;
    case HttpFault::unsupported_version:
      return 505;
    default:
      return 400;
  }
}

std::string HttpError::to_string() const { return fmt::format("{} (byte {})", wirelab::to_string(fault), offset); }

bool same_http_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool is_http_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() &&
         std::ranges::all_of(text, [&](char c) { return is_alphanumeric(c) || marks.find(c) != marks.npos; });
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
      if (!low) return std::nullopt;
      c = static_cast<char>(*high << 4 | *low);
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    decoded += c;
  }
  return decoded;
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) encoded += is_unreserved(c) ? std::string(1, c) : fmt::format("%{:02X}", std::uint8_t(c));
  return encoded;
}

}  // namespace wirelab
