#include "lab/services/http_parser.hpp"

#include <algorithm>
#include <utility>

namespace wirelab {
namespace {

constexpr std::size_t chunk_line_limit = 256;  // bytes: sixteen digits, and an extension that nobody reads

bool is_control(char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; }

}  // namespace

void HttpParser::feed(ByteView bytes) {
  if (error_) return;
  if (position_ > 0) input_.erase(0, std::exchange(position_, 0));
  input_.append(as_text(bytes));
}

HttpParser::Next HttpParser::next() {
  if (state_ == State::whole) begin();
  while (!error_ && state_ != State::whole) {
    if (!step()) break;
  }
  if (error_) return *error_;
  if (state_ != State::whole) return Need{};
  parsed_.request.body = body_;
  return parsed_.request;
}

void HttpParser::begin() {
  state_ = State::request_line;
  head_.clear();
  fields_size_ = field_count_ = 0;
  blank_line_ = false;
  parsed_ = {};
  if (body_.capacity() > limits_.request_line) body_ = {};  // one large body is no reason to hold its memory for ever
  body_.clear();
}

bool HttpParser::begun() const {
  return state_ != State::whole && (state_ != State::request_line || position_ < input_.size() || blank_line_);
}

bool HttpParser::awaits_continue() const {
  const bool in_body = state_ == State::body || state_ == State::chunk_size;
  return in_body && parsed_.expects_continue && body_.empty() && position_ == input_.size();
}

std::optional<HttpError> HttpParser::eof() const {
  if (error_) return error_;
  if (!begun() || (state_ == State::request_line && position_ == input_.size())) return std::nullopt;
  return HttpError{HttpFault::truncated, offset_ + (input_.size() - position_)};
}

// False if nothing more can be told.
bool HttpParser::step() {
  switch (state_) {
    case State::request_line:
      return read_request_line();
    case State::fields:
      return read_field();
    case State::body:
      return read_body(State::whole);
    case State::chunk_size:
      return read_chunk_size();
    case State::chunk:
      return read_body(State::chunk_end);
    case State::chunk_end:
      return read_chunk_end();
    case State::trailers:
      return read_trailer();
    case State::whole:
      break;
  }
  return false;
}

// An empty line before it is forgiven once (RFC 9112, 2.2).
bool HttpParser::read_request_line() {
  const auto begin = offset_;
  const auto line = take_line(limits_.request_line, HttpFault::request_line_too_long);
  if (!line) return false;
  if (line->empty() && !std::exchange(blank_line_, true)) return true;
  if (const auto error = check_request_line(*line)) return fail(error->fault, begin + error->offset);
  head_offset_ = begin;
  head_.append(*line).append("\r\n");
  state_ = State::fields;
  return true;
}

std::size_t HttpParser::field_room() const { return limits_.fields - std::min(fields_size_, limits_.fields); }

bool HttpParser::read_field() {
  const auto begin = offset_;
  const auto line = take_line(field_room(), HttpFault::fields_too_long);
  if (!line) return false;
  if (line->empty()) return finish_head();
  fields_size_ += line->size() + 2;
  if (++field_count_ > limits_.field_count) return fail(HttpFault::fields_too_long, begin);
  head_.append(*line).append("\r\n");
  return true;
}

bool HttpParser::finish_head() {
  auto parsed = parse_http_head(head_, limits_.body);
  if (const auto* error = std::get_if<HttpError>(&parsed)) return fail(error->fault, head_offset_ + error->offset);
  parsed_ = std::move(std::get<HttpHead>(parsed));
  missing_ = parsed_.framing.length;
  state_ = parsed_.framing.chunked ? State::chunk_size : missing_ > 0 ? State::body : State::whole;
  return true;
}

bool HttpParser::read_body(State then) {
  const auto rest = as_bytes(input_).subspan(position_);
  const auto part = rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(missing_, rest.size())));
  body_.insert(body_.end(), part.begin(), part.end());
  consume(part.size());
  missing_ -= part.size();
  if (missing_ > 0) return false;
  state_ = then;
  return true;
}

bool HttpParser::read_chunk_size() {
  const auto begin = offset_;
  const auto line = take_line(chunk_line_limit, HttpFault::bad_chunk);
  if (!line) return false;
  const auto size = parse_chunk_size(*line);
  if (!size) return fail(HttpFault::bad_chunk, begin);
  if (*size > limits_.body - body_.size()) return fail(HttpFault::body_too_long, begin);
  missing_ = *size;
  state_ = missing_ > 0 ? State::chunk : State::trailers;
  return true;
}

bool HttpParser::read_chunk_end() {
  if (!take_line(0, HttpFault::bad_chunk)) return false;
  state_ = State::chunk_size;
  return true;
}

// Trailers are judged like fields, and then forgotten: nobody here asks for them.
bool HttpParser::read_trailer() {
  const auto begin = offset_;
  const auto line = take_line(field_room(), HttpFault::fields_too_long);
  if (!line) return false;
  if (line->empty()) {
    state_ = State::whole;
    return true;
  }
  fields_size_ += line->size() + 2;
  if (++field_count_ > limits_.field_count) return fail(HttpFault::fields_too_long, begin);
  const auto field = parse_field_line(*line);
  if (const auto* error = std::get_if<HttpError>(&field)) return fail(error->fault, begin + error->offset);
  return true;
}

// A line without its CRLF, consumed and good until the next feed; nothing if it is not whole yet or an error. Each byte
// is judged when it comes, so that it makes no difference in which chunks they come.
std::optional<std::string_view> HttpParser::take_line(std::size_t limit, HttpFault too_long) {
  const auto rest = std::string_view(input_).substr(position_);
  for (; scanned_ < rest.size(); ++scanned_) {
    if (const auto fault = judge(scanned_, limit, too_long)) {
      fail(*fault, offset_ + scanned_ - (*fault == HttpFault::bare_cr ? 1 : 0));
      return std::nullopt;
    }
    if (rest[scanned_] != '\n') continue;
    const auto line = rest.substr(0, scanned_ - 1);
    consume(std::exchange(scanned_, 0) + 1);
    return line;
  }
  return std::nullopt;
}

std::optional<HttpFault> HttpParser::judge(std::size_t at, std::size_t limit, HttpFault too_long) const {
  const char c = input_[position_ + at];
  const bool after_cr = at > 0 && input_[position_ + at - 1] == '\r';
  if (c == '\n') return after_cr ? std::nullopt : std::optional(HttpFault::bare_lf);
  if (after_cr) return HttpFault::bare_cr;
  if (c == '\r') return std::nullopt;
  if (at >= limit) return too_long;
  if (is_control(c)) return HttpFault::control_character;
  return std::nullopt;
}

bool HttpParser::fail(HttpFault fault, std::uint64_t offset) {
  error_ = HttpError{fault, offset};
  input_ = {};
  position_ = 0;
  return false;
}

void HttpParser::consume(std::size_t count) {
  position_ += count;
  offset_ += count;
}

}  // namespace wirelab
