// From bytes to frames: a TCP stream is one frame after the other (FrameDecoder), a UDP datagram exactly one
// (decode_datagram). Public, pure: no socket, so captured streams are decoded by it too.
//
// Strict: what is not exactly a frame is an error with its offset, told as soon as the bytes that show it are there and
// before anything is buffered for it.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "lab/base/bytes.hpp"
#include "lab/stack/frame.hpp"

namespace wirelab {

// Finds the frames in a stream, in chunks of any size, without copying those that lie whole in one chunk.
//
//   decoder.feed(received);
//   for (;;) {
//     const auto next = decoder.next();
//     if (const auto* frame = std::get_if<Frame>(&next)) ...
//
// After an error the decoder is finished: it says the same error again and takes no more bytes.
class FrameDecoder {
 public:
  // At least so many more bytes until there is something new to tell.
  struct Need {
    std::size_t bytes = 0;
  };
  using Next = std::variant<Frame, Need, FrameError>;

  // Throws std::logic_error if `limits.content` is out of range.
  explicit FrameDecoder(const FrameLimits& limits = {});

  // `bytes` must stay as they are until next() has answered with anything but a frame, or until keep().
  void feed(ByteView bytes);
  // The views of a frame are good until the next call of feed, keep or next.
  [[nodiscard]] Next next();
  // Copies what is left of the bytes fed, so that their owner may reuse them.
  void keep();
  // How many bytes were fed that are no frame yet, once next() has given every frame.
  [[nodiscard]] std::size_t held() const { return buffered().size() + chunk_.size(); }
  // What the end of the stream means here, once next() has given every frame: nothing if it is clean, else the error.
  [[nodiscard]] std::optional<FrameError> eof() const;

 private:
  [[nodiscard]] ByteView buffered() const { return ByteView(buffer_).subspan(begin_); }
  // The size of what must be there for the next step; reads the length and the header once, when they are there.
  std::size_t measure(ByteView bytes);
  std::size_t fail(const FrameError& error);
  Frame take(ByteView bytes, std::size_t size);
  void move_to_buffer(std::size_t size);

  FrameLimits limits_;
  ByteView chunk_;  // fed and neither consumed nor copied
  Bytes buffer_;    // from begin_ on: copied and not consumed; it comes before chunk_
  std::size_t begin_ = 0;
  std::uint64_t offset_ = 0;  // of the present frame in the stream
  std::size_t header_length_ = 0;
  std::size_t last_size_ = 0;                  // of the frame before, with all its parts
  std::optional<std::size_t> content_length_;  // once the present frame's header is read
  std::optional<FrameError> error_;
};

// One datagram is exactly one frame: at most 1200 bytes, header at most 512, CL the size of the rest.
std::variant<Frame, FrameError> decode_datagram(ByteView datagram);

}  // namespace wirelab
