// The HTTP parser: any bytes, in any chunks, give the same requests and the same error, within the limits; and what
// was read can be written down and is read the same again.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "lab/services/http_parser.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace wirelab {
namespace {

constexpr HttpLimits limits{.request_line = 200, .fields = 400, .field_count = 10, .body = 300};

struct Copy {
  std::string method, target, path, query, body;
  unsigned minor_version = 0;
  bool keep_alive = false;
  std::vector<std::pair<std::string, std::string>> fields;
  friend bool operator==(const Copy&, const Copy&) = default;
};

struct Told {
  std::vector<Copy> requests;
  std::optional<HttpError> error;
  friend bool operator==(const Told&, const Told&) = default;
};

Copy copy_of_request(const HttpRequest& request) {
  Copy copy{std::string(request.method),
            std::string(request.target),
            std::string(request.path),
            std::string(request.query),
            std::string(as_text(request.body)),
            request.minor_version,
            request.keep_alive,
            {}};
  for (const auto& [name, value] : request.fields) copy.fields.emplace_back(name, value);
  return copy;
}

// Feeds pieces of the sizes that `size_of_next` gives, in buffers of their own: a view kept too long is found by ASan.
template <class SizeOfNext>
Told parse(ByteView stream, SizeOfNext size_of_next) {
  HttpParser parser(limits);
  Told told;
  while (!stream.empty() && !told.error) {
    const auto size = std::min<std::size_t>(size_of_next(), stream.size());
    parser.feed(copy_of(stream.first(size)));
    stream = stream.subspan(size);
    for (;;) {
      const auto next = parser.next();
      if (const auto* error = std::get_if<HttpError>(&next)) told.error = *error;
      const auto* request = std::get_if<HttpRequest>(&next);
      if (request == nullptr) break;
      require(!parser.begun() || parser.eof(), "a request is told before its end");
      told.requests.push_back(copy_of_request(*request));
    }
  }
  if (!told.error) told.error = parser.eof();
  return told;
}

void check_limits(const Copy& request) {
  require(is_http_token(request.method), "a method that is no token");
  require(request.method.size() + request.target.size() <= limits.request_line, "a request line beyond its limit");
  require(request.fields.size() <= limits.field_count, "too many fields");
  require(request.body.size() <= limits.body, "a body beyond its limit");
  std::size_t size = 0;
  for (const auto& [name, value] : request.fields) {
    require(is_http_token(name), "a field's name that is no token");
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos, "a field that ends its line");
    size += name.size() + value.size();
  }
  require(size <= limits.fields, "fields beyond their limit");
}

// With a length instead of chunks, and one blank everywhere.
void check_writing(const Copy& request) {
  std::string text =
      request.method + " " + request.target + " HTTP/1." + std::to_string(request.minor_version) + "\r\n";
  for (const auto& [name, value] : request.fields) {
    const bool framing = same_http_name(name, "Transfer-Encoding") || same_http_name(name, "Content-Length");
    if (!framing) text += name + ":" + value + "\r\n";
  }
  if (!request.body.empty()) text += "Content-Length:" + std::to_string(request.body.size()) + "\r\n";
  const auto again =
      parse(as_bytes(text + "\r\n" + request.body), [&] { return text.size() + request.body.size() + 2; });
  if (again.error && again.error->fault == HttpFault::fields_too_long) return;  // by the length that was added
  require(!again.error && again.requests.size() == 1, "written down, but no request");
  const auto& other = again.requests[0];
  require(other.path == request.path && other.query == request.query && other.body == request.body &&
              other.keep_alive == request.keep_alive,
          "read differently the second time");
}

void check_paths(std::string_view text) {
  const auto decoded = percent_decoded(text);
  if (decoded) require(percent_decoded(percent_encoded(*decoded)) == decoded, "a path is not what it was encoded from");
}

}  // namespace
}  // namespace wirelab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wirelab;
  const ByteView input(data, size);
  auto random = random_for(input);
  const auto whole = parse(input, [&] { return size; });
  require(parse(input, [] { return 1U; }) == whole, "byte by byte tells something else");
  require(parse(input, [&] { return 1 + random() % 64; }) == whole, "a split tells something else");
  require(!whole.error || whole.error->offset <= size, "an offset beyond the stream");
  for (const auto& request : whole.requests) {
    check_limits(request);
    check_writing(request);
  }
  check_paths(as_text(input));
  return 0;
}
