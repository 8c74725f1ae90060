// From bytes to HTTP requests, in chunks of any size. Public, pure: no socket, and a fuzz target.
//
// Strict, because what two readers of one stream read differently can be used to smuggle a request past one of them
// (RFC 9112, 11.2): bare CR or LF, blanks before a colon, folded lines, two lengths, a length and a coding are errors.
// Every limit holds before anything is buffered for what exceeds it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "lab/base/bytes.hpp"
#include "lab/services/http_head.hpp"
#include "lab/services/http_request.hpp"

namespace wirelab {

//   parser.feed(received);
//   for (;;) {
//     const auto next = parser.next();
//     if (const auto* request = std::get_if<HttpRequest>(&next)) ...
//
// After an error the parser is finished: it says the same error again.
class HttpParser {
 public:
  // More bytes are needed.
  struct Need {};
  using Next = std::variant<HttpRequest, Need, HttpError>;

  explicit HttpParser(const HttpLimits& limits = {}) : limits_(limits) {}

  // Copies `bytes`. What is fed and not yet asked for by next() is kept, so feed no faster than you ask.
  void feed(ByteView bytes);
  // The views of a request are good until the next call of feed or next.
  [[nodiscard]] Next next();
  // A request has begun and is not whole.
  [[nodiscard]] bool begun() const;
  // The client has sent the head and waits for "100 Continue" before it sends the body.
  [[nodiscard]] bool awaits_continue() const;
  // How many bytes were read as requests so far; those that were fed and not yet asked for do not count.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  // What the end of the stream means here, once next() has given every request: nothing if it is clean, else the error.
  [[nodiscard]] std::optional<HttpError> eof() const;

 private:
  enum class State : std::uint8_t { request_line, fields, body, chunk_size, chunk, chunk_end, trailers, whole };

  void begin();
  bool step();
  bool read_request_line();
  bool read_field();
  bool finish_head();
  bool read_body(State then);
  bool read_chunk_size();
  bool read_chunk_end();
  bool read_trailer();
  std::optional<std::string_view> take_line(std::size_t limit, HttpFault too_long);
  std::optional<HttpFault> judge(std::size_t at, std::size_t limit, HttpFault too_long) const;
  bool fail(HttpFault fault, std::uint64_t offset);
  void consume(std::size_t count);
  [[nodiscard]] std::size_t field_room() const;

  HttpLimits limits_;
  State state_ = State::request_line;
  std::string input_;  // fed, from position_ on not yet consumed
  std::size_t position_ = 0;
  std::size_t scanned_ = 0;   // of a line that is not whole, bytes that are judged already
  std::uint64_t offset_ = 0;  // in the stream, of position_
  std::string head_;          // of the present request, line by line
  std::uint64_t head_offset_ = 0;
  std::size_t fields_size_ = 0;
  std::size_t field_count_ = 0;
  bool blank_line_ = false;  // one was skipped before the request
  HttpHead parsed_;
  std::uint64_t missing_ = 0;  // of the body, or of the present chunk
  Bytes body_;
  std::optional<HttpError> error_;
};

}  // namespace wirelab
