#include "lab/stack/frame_decoder.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace wirelab {
namespace {

constexpr std::size_t max_content = std::size_t{1} << 48;

// Walks over the ':' and ';' of a text, eight bytes at a time: a frame is often shorter than a call of memchr is long.
class Separators {
 public:
  explicit Separators(std::string_view text) : text_(text) { load(); }

  // The position of the next separator; the size of the text behind the last.
  std::size_t next() {
    while (marks_ == 0) {
      start_ += word_size;
      if (start_ >= text_.size()) return text_.size();
      load();
    }
    const auto found = start_ + static_cast<std::size_t>(std::countr_zero(marks_)) / 8;
    marks_ &= marks_ - 1;
    return found;
  }

 private:
  static constexpr std::size_t word_size = 8;

  // Eight bytes from start_ on, the first in the lowest bits; zeros behind the end of the text.
  [[nodiscard]] std::uint64_t word() const {
    const auto* bytes = as_bytes(text_).data();
    const auto left = text_.size() - start_;
    if (left >= word_size) return load_le64(bytes + start_);
    if (text_.size() >= word_size) return load_le64(bytes + text_.size() - word_size) >> (8 * (word_size - left));
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < left; ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
    return word;
  }
  // Sets the highest bit of each byte that is ':' or ';', which differ in their lowest bit only.
  void load() {
    constexpr std::uint64_t each = 0x0101010101010101;
    const auto zero_if_found = (word() | each) ^ (each * ';');
    marks_ = ~(((zero_if_found & each * 0x7F) + each * 0x7F) | zero_if_found | each * 0x7F);
  }

  std::string_view text_;
  std::size_t start_ = 0;  // of the present word
  std::uint64_t marks_ = 0;
};

// The content length, or what is wrong, with its offset in the header.
using Length = std::variant<std::size_t, FrameError>;

// The value of CL, which begins at `offset` of the header.
Length parse_length(std::string_view digits, std::size_t offset, std::size_t limit) {
  if (digits.empty()) return FrameError{FrameFault::bad_length, offset};
  std::size_t length = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const auto digit = static_cast<std::size_t>(static_cast<unsigned char>(digits[i]) - '0');
    if (digit > 9) return FrameError{FrameFault::bad_length, offset + i};
    if (length <= limit) length = length * 10 + digit;  // no overflow: a limit is at most max_content
  }
  if (digits[0] == '0' && digits.size() > 1) return FrameError{FrameFault::bad_length, offset};
  if (length > limit) return FrameError{FrameFault::content_too_long, offset};
  return length;
}

// Reads a whole header, its pairs from left to right.
Length parse_header(std::string_view header, std::size_t content_limit) {
  const auto good = utf8_prefix(header);
  if (good < header.size()) return FrameError{FrameFault::not_utf8, good};
  std::optional<std::size_t> length;
  Separators separators(header);
  std::size_t begin = 0;
  while (begin <= header.size() && !header.empty()) {
    const auto colon = separators.next();
    if (colon == header.size() || header[colon] == ';') return FrameError{FrameFault::no_colon, begin};
    if (colon == begin) return FrameError{FrameFault::empty_key, begin};
    auto end = separators.next();
    while (end < header.size() && header[end] == ':') end = separators.next();
    if (header.substr(begin, colon - begin) == content_length_key) {
      if (length) return FrameError{FrameFault::two_lengths, begin};
      const auto parsed = parse_length(header.substr(colon + 1, end - colon - 1), colon + 1, content_limit);
      if (std::holds_alternative<FrameError>(parsed)) return parsed;
      length = std::get<std::size_t>(parsed);
    }
    begin = end + 1;
  }
  if (!length) return FrameError{FrameFault::no_length, header.size()};
  return *length;
}

void append(Bytes& out, ByteView bytes) {
  const auto size = out.size();
  out.resize(size + bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.begin() + static_cast<std::ptrdiff_t>(size));
}

}  // namespace

FrameDecoder::FrameDecoder(const FrameLimits& limits) : limits_(limits) {
  if (limits.content > max_content) throw std::logic_error("a content limit beyond 2^48");
}

void FrameDecoder::feed(ByteView bytes) {
  keep();
  if (!error_) chunk_ = bytes;
}

void FrameDecoder::keep() { move_to_buffer(chunk_.size()); }

FrameDecoder::Next FrameDecoder::next() {
  for (;;) {
    const bool in_place = buffered().empty();
    const auto bytes = in_place ? chunk_ : buffered();
    const auto size = measure(bytes);
    if (error_) return *error_;
    if (bytes.size() >= size) return take(bytes, size);
    const auto missing = size - bytes.size();
    if (in_place || chunk_.empty()) {
      keep();
      return Need{missing};
    }
    // Only what this frame lacks is copied: the frames behind it stay where they are.
    move_to_buffer(std::min(missing, chunk_.size()));
  }
}

std::optional<FrameError> FrameDecoder::eof() const {
  const auto left = buffered().size() + chunk_.size();
  if (error_ || left == 0) return error_;
  return FrameError{FrameFault::truncated, offset_ + left};
}

std::size_t FrameDecoder::measure(ByteView bytes) {
  if (content_length_) return frame_prefix_size + header_length_ + *content_length_;
  if (bytes.size() < frame_prefix_size) return frame_prefix_size;
  header_length_ = load_le16(bytes.data());
  if (header_length_ > limits_.header) return fail({FrameFault::header_too_long, 0});
  const auto head_size = frame_prefix_size + header_length_;
  if (bytes.size() < head_size) return head_size;
  const auto length = parse_header(as_text(bytes.subspan(frame_prefix_size, header_length_)), limits_.content);
  if (const auto* error = std::get_if<FrameError>(&length))
    return fail({error->fault, frame_prefix_size + error->offset});
  content_length_ = std::get<std::size_t>(length);
  return head_size + *content_length_;
}

std::size_t FrameDecoder::fail(const FrameError& error) {
  error_ = FrameError{error.fault, offset_ + error.offset};
  chunk_ = {};
  buffer_.clear();
  begin_ = 0;
  return 0;
}

Frame FrameDecoder::take(ByteView bytes, std::size_t size) {
  if (buffered().empty()) {
    chunk_ = chunk_.subspan(size);
  } else {
    begin_ += size;
  }
  offset_ += size;
  content_length_.reset();
  const auto head_size = frame_prefix_size + header_length_;
  return {as_text(bytes.subspan(frame_prefix_size, header_length_)), bytes.subspan(head_size, size - head_size)};
}

void FrameDecoder::move_to_buffer(std::size_t size) {
  if (size == 0) return;
  if (begin_ >= buffer_.size() - begin_) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  append(buffer_, chunk_.first(size));
  chunk_ = chunk_.subspan(size);
}

std::variant<Frame, FrameError> decode_datagram(ByteView datagram) {
  if (datagram.size() > max_datagram) return FrameError{FrameFault::datagram_too_long, max_datagram};
  FrameDecoder decoder(datagram_limits);
  decoder.feed(datagram);
  const auto next = decoder.next();
  if (const auto* error = std::get_if<FrameError>(&next)) return *error;
  const auto* frame = std::get_if<Frame>(&next);
  if (frame == nullptr) return FrameError{FrameFault::truncated, datagram.size()};
  const auto size = frame_prefix_size + frame->header.size() + frame->content.size();
  if (size < datagram.size()) return FrameError{FrameFault::trailing_bytes, size};
  return *frame;
}

}  // namespace wirelab
