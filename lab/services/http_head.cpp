#include "lab/services/http_head.hpp"

#include <algorithm>
#include <charconv>

namespace wirelab {
namespace {

constexpr std::string_view crlf = "\r\n";
constexpr std::string_view blanks = " \t";

struct RequestLine {
  std::string_view method, target, version;
};

// Three words with one blank between them (RFC 9112, 3). Anything else is refused: lenient readings differ, and two
// that differ make a smuggled request.
std::optional<RequestLine> split_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || first == last) return std::nullopt;
  return RequestLine{line.substr(0, first), line.substr(first + 1, last - first - 1), line.substr(last + 1)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_version(std::string_view text) {
  return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' && is_digit(text[7]);
}

bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

// The path and the query of a target in one of its four forms (RFC 9112, 3.2); false if it is none of them.
bool read_target(HttpRequest& request) {
  auto rest = request.target;
  if (request.method == "CONNECT" || (request.method == "OPTIONS" && rest == "*")) {
    request.path = rest;
    return rest.find('/') == rest.npos;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!same_http_name(rest.substr(0, scheme.size()), scheme)) continue;
    rest.remove_prefix(scheme.size());
    const auto authority = rest.find_first_of("/?");
    if (authority == 0) return false;
    rest = authority == rest.npos ? "/" : rest.substr(authority);
    if (rest.starts_with('?')) {
      request.path = "/";
      request.query = rest.substr(1);
      return true;
    }
    break;
  }
  const auto end = rest.find('?');
  request.path = rest.substr(0, end);
  if (end != rest.npos) request.query = rest.substr(end + 1);
  return rest.starts_with('/') && rest.find('#') == rest.npos;
}

bool is_host(std::string_view text) {
  constexpr std::string_view marks = "-._~!$&'()*+,;=:[]%";
  return std::ranges::all_of(text, [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.find(c) != marks.npos;
  });
}

std::string_view trimmed(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// Takes the next element off a comma-separated list (RFC 9110, 5.6.1).
std::string_view next_element(std::string_view& list) {
  const auto comma = std::min(list.find(','), list.size());
  const auto element = trimmed(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return element;
}

// What the fields say of the message itself.
class FieldReader {
 public:
  FieldReader(HttpHead& head, std::string_view text, std::size_t body_limit)
      : head_(head), text_(text), body_limit_(body_limit) {}

  std::optional<HttpError> read() {
    for (const auto& field : head_.request.fields) {
      if (const auto fault = note(field)) return HttpError{*fault, offset_of(field.value)};
    }
    if (!host_ && version() == 1) return HttpError{HttpFault::no_host, text_.size()};
    head_.request.keep_alive = !close_ && (version() == 1 || keep_alive_);
    return std::nullopt;
  }

 private:
  using Fault = std::optional<HttpFault>;

  [[nodiscard]] unsigned version() const { return head_.request.minor_version; }
  [[nodiscard]] std::uint64_t offset_of(std::string_view part) const {
    return static_cast<std::uint64_t>(part.data() - text_.data());
  }

  Fault note(const HttpField& field) {
    if (same_http_name(field.name, "Host")) return host(field.value);
    if (same_http_name(field.name, "Content-Length")) return length(field.value);
    if (same_http_name(field.name, "Transfer-Encoding")) return coding(field.value);
    if (same_http_name(field.name, "Connection")) return connection(field.value);
    if (same_http_name(field.name, "Expect")) return expect(field.value);
    return std::nullopt;
  }

  Fault host(std::string_view value) {
    if (host_) return HttpFault::two_hosts;
    host_ = true;
    return is_host(value) ? Fault{} : HttpFault::bad_host;
  }

  // RFC 9112, 6.3: also two equal lengths may be refused, and here they are.
  Fault length(std::string_view value) {
    if (length_) return HttpFault::two_lengths;
    if (head_.framing.chunked) return HttpFault::length_and_coding;
    length_ = true;
    if (value.empty() || !std::ranges::all_of(value, is_digit)) return HttpFault::bad_length;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), head_.framing.length);
    return read.ec != std::errc{} || head_.framing.length > body_limit_ ? HttpFault::body_too_long : Fault{};
  }

  // RFC 9112, 6.1: chunked is the last coding or the end of the body is not known, and HTTP/1.0 has no codings.
  Fault coding(std::string_view value) {
    if (length_) return HttpFault::length_and_coding;
    if (head_.framing.chunked || version() == 0) return HttpFault::bad_coding;
    std::size_t count = 0;
    std::string_view last;
    while (!value.empty()) {
      last = next_element(value);
      ++count;
    }
    if (!same_http_name(last, "chunked")) return HttpFault::bad_coding;
    head_.framing.chunked = true;
    return count == 1 ? Fault{} : HttpFault::unknown_coding;
  }

  Fault connection(std::string_view value) {
    while (!value.empty()) {
      const auto option = next_element(value);
      close_ = close_ || same_http_name(option, "close");
      keep_alive_ = keep_alive_ || same_http_name(option, "keep-alive");
    }
    return std::nullopt;
  }

  Fault expect(std::string_view value) {
    if (!same_http_name(value, "100-continue")) return HttpFault::unknown_expectation;
    head_.expects_continue = version() == 1;
    return std::nullopt;
  }

  HttpHead& head_;
  std::string_view text_;
  std::size_t body_limit_;
  bool host_ = false;
  bool length_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
};

}  // namespace

std::optional<HttpError> check_request_line(std::string_view line) {
  const auto words = split_request_line(line);
  if (!words || !is_http_token(words->method)) return HttpError{HttpFault::bad_request_line, 0};
  const auto target = static_cast<std::uint64_t>(words->target.data() - line.data());
  const auto version = target + words->target.size() + 1;
  if (!is_version(words->version)) return HttpError{HttpFault::bad_request_line, version};
  if (words->version[5] != '1') return HttpError{HttpFault::unsupported_version, version};
  HttpRequest request{.method = words->method, .target = words->target};
  if (!std::ranges::all_of(words->target, is_visible) || !read_target(request))
    return HttpError{HttpFault::bad_target, target};
  return std::nullopt;
}

std::variant<HttpHead, HttpError> parse_http_head(std::string_view text, std::size_t body_limit) {
  auto end = text.find(crlf);
  const auto line = text.substr(0, end);
  if (const auto error = check_request_line(line)) return *error;
  HttpHead head;
  const auto words = split_request_line(line).value();
  head.request.method = words.method;
  head.request.target = words.target;
  head.request.minor_version = words.version[7] == '0' ? 0 : 1;  // RFC 9110, 2.5: a later one is read as ours
  read_target(head.request);
  for (auto begin = end + crlf.size(); begin < text.size(); begin = end + crlf.size()) {
    end = text.find(crlf, begin);
    const auto field = parse_field_line(text.substr(begin, end - begin));
    if (const auto* error = std::get_if<HttpError>(&field)) return HttpError{error->fault, begin + error->offset};
    head.request.fields.push_back(std::get<HttpField>(field));
  }
  if (const auto error = FieldReader(head, text, body_limit).read()) return *error;
  return head;
}

std::variant<HttpField, HttpError> parse_field_line(std::string_view line) {
  if (line.starts_with(' ') || line.starts_with('\t')) return HttpError{HttpFault::folded_field, 0};
  const auto colon = line.find(':');
  if (colon == line.npos || !is_http_token(line.substr(0, colon))) return HttpError{HttpFault::bad_field, 0};
  return HttpField{line.substr(0, colon), trimmed(line.substr(colon + 1))};
}

std::optional<std::uint64_t> parse_chunk_size(std::string_view line) {
  const auto digits = line.substr(0, line.find(';'));
  std::uint64_t size = 0;
  const auto* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, size, 16);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return size;
}

}  // namespace wirelab
