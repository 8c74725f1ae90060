// SendQueue: bytes that the kernel did not take yet, some of them shared with other queues. Pure; each TcpConnection
// owns one, and an empty one holds no memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include <sys/uio.h>

#include "lab/base/bytes.hpp"

namespace wirelab {

// Bytes that several queues share: a broadcast is kept once, however many wait for it.
using SharedBytes = std::shared_ptr<const Bytes>;

class SendQueue {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  // In bytes.
  [[nodiscard]] std::size_t size() const { return size_; }

  void append(ByteView bytes);
  // All but the first `sent` bytes, of which there are more.
  void append(const SharedBytes& bytes, std::size_t sent);
  // The first that wait, as many as `pieces` has room for; good until the queue changes.
  [[nodiscard]] std::span<iovec> waiting(std::span<iovec> pieces) const;
  // The first `count` bytes are sent; there are so many.
  void consume(std::size_t count);
  void clear() { *this = {}; }

 private:
  using Piece = std::variant<Bytes, SharedBytes>;
  static ByteView view_of(const Piece& piece);

  std::vector<Piece> pieces_;  // those before first_ are sent, and empty
  std::size_t first_ = 0;
  std::size_t sent_ = 0;  // of the first piece
  std::size_t size_ = 0;
};

}  // namespace wirelab
