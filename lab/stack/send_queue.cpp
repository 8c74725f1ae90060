#include "lab/stack/send_queue.hpp"

#include <algorithm>

namespace wirelab {
namespace {

// Small messages are joined up to this size; what is sent of a piece is given back when all of it is.
constexpr std::size_t piece_size = std::size_t{16} << 10;

}  // namespace

ByteView SendQueue::view_of(const Piece& piece) {
  const auto* shared = std::get_if<SharedBytes>(&piece);
  return shared != nullptr ? ByteView(**shared) : ByteView(std::get<Bytes>(piece));
}

void SendQueue::append(ByteView bytes) {
  if (bytes.empty()) return;
  auto* last = empty() ? nullptr : std::get_if<Bytes>(&pieces_.back());
  if (last == nullptr || last->size() + bytes.size() > piece_size) {
    last = &std::get<Bytes>(pieces_.emplace_back(Bytes{}));
  }
  last->insert(last->end(), bytes.begin(), bytes.end());
  size_ += bytes.size();
}

void SendQueue::append(const SharedBytes& bytes, std::size_t sent) {
  if (empty())
    sent_ = sent;
  else if (sent > 0)
    return append(ByteView(*bytes).subspan(sent));
  pieces_.emplace_back(bytes);
  size_ += bytes->size() - sent;
}

std::span<iovec> SendQueue::waiting(std::span<iovec> pieces) const {
  std::size_t count = 0;
  for (auto sent = sent_; first_ + count < pieces_.size() && count < pieces.size(); ++count, sent = 0) {
    const auto bytes = view_of(pieces_[first_ + count]).subspan(sent);
    pieces[count] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};  // NOLINT: iovec reads and writes
  }
  return pieces.first(count);
}

void SendQueue::consume(std::size_t count) {
  size_ -= count;
  if (size_ == 0) return clear();
  sent_ += count;
  while (sent_ >= view_of(pieces_[first_]).size()) {
    sent_ -= view_of(pieces_[first_]).size();
    pieces_[first_++] = {};
  }
  if (first_ <= pieces_.size() / 2) return;
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

}  // namespace wirelab
