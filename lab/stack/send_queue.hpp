// SendQueue: bytes that the kernel did not take yet. Pure; each TcpConnection owns one.
#pragma once

#include <algorithm>
#include <cstddef>

#include "lab/base/bytes.hpp"

namespace wirelab {

class SendQueue {
 public:
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const { return buffer_.size() - sent_; }
  // All that waits; good until the next call.
  [[nodiscard]] ByteView waiting() const { return ByteView(buffer_).subspan(sent_); }

  void append(ByteView bytes) {
    if (sent_ > buffer_.size() / 2) drop_sent();
    const auto old = buffer_.size();
    buffer_.resize(old + bytes.size());
    std::copy(bytes.begin(), bytes.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(old));
  }
  // The first `count` bytes are sent; there are so many.
  void consume(std::size_t count) {
    sent_ += count;
    if (!empty()) return;
    drop_sent();
    if (buffer_.capacity() > kept) buffer_ = {};  // one burst is no reason to hold its memory for ever
  }

 private:
  static constexpr std::size_t kept = std::size_t{64} << 10;
  void drop_sent() {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(sent_));
    sent_ = 0;
  }
  Bytes buffer_;
  std::size_t sent_ = 0;  // these first bytes of buffer_ are gone
};

}  // namespace wirelab
