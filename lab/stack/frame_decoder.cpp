#include "lab/stack/frame_decoder.hpp"

#include <algorithm>
#include <stdexcept>

#include "lab/stack/frame_header.hpp"

namespace wirelab {
namespace {

// Of memory, in bytes, between two frames: twice what the last one took, within these.
constexpr std::size_t always_kept = std::size_t{64} << 10;
constexpr std::size_t most_kept = std::size_t{2} << 20;

void append(Bytes& out, ByteView bytes) {
  const auto size = out.size();
  out.resize(size + bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.begin() + static_cast<std::ptrdiff_t>(size));
}

}  // namespace

FrameDecoder::FrameDecoder(const FrameLimits& limits) : limits_(limits) {
  if (limits.content > max_frame_content) throw std::logic_error("a content limit beyond 2^48");
}

void FrameDecoder::feed(ByteView bytes) {
  keep();
  if (!error_) chunk_ = bytes;
}

// Large frames follow large frames, but a single one is no reason to hold its memory for ever.
void FrameDecoder::keep() {
  if (buffered().empty()) {
    buffer_.clear();
    begin_ = 0;
    if (buffer_.capacity() > std::clamp(2 * last_size_, always_kept, most_kept))
      Bytes().swap(buffer_);  // assigning {} would keep it
  }
  move_to_buffer(chunk_.size());
}

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
  if (error_ || held() == 0) return error_;
  return FrameError{FrameFault::truncated, offset_ + held()};
}

std::size_t FrameDecoder::measure(ByteView bytes) {
  if (content_length_) return frame_prefix_size + header_length_ + *content_length_;
  if (bytes.size() < frame_prefix_size) return frame_prefix_size;
  header_length_ = load_le16(bytes.data());
  if (header_length_ > limits_.header) return fail({FrameFault::header_too_long, 0});
  const auto head_size = frame_prefix_size + header_length_;
  if (bytes.size() < head_size) return head_size;
  const auto length = parse_frame_header(bytes.subspan(frame_prefix_size), header_length_, limits_.content);
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
  last_size_ = size;
  content_length_.reset();
  const auto head_size = frame_prefix_size + header_length_;
  return {.header = as_text(bytes.subspan(frame_prefix_size, header_length_)),
          .content = bytes.subspan(head_size, size - head_size),
          .whole = bytes.first(size)};
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
