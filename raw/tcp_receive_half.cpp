#include "raw/tcp_receive_half.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace wirelab::raw {
namespace {

// Tiny pieces cost more than their octets; what would be one more is dropped, and will be sent again.
constexpr std::size_t most_fragments = 128;

}  // namespace

void TcpReceiveHalf::begin(Sequence initial) {
  next_ = initial + 1;
  edge_ = next_ + buffer_;
}

bool TcpReceiveHalf::accepts(const TcpSegment& segment) const {
  const auto in_window = [&](Sequence number) { return next_ <= number && number < edge_; };
  const auto length = segment.length();
  if (window() == 0) return length == 0 && segment.sequence == next_;
  if (length == 0) return in_window(segment.sequence);
  return in_window(segment.sequence) || in_window(segment.end() - 1);
}

TcpReceiveHalf::Took TcpReceiveHalf::take(const TcpSegment& segment) {
  const auto before = next_;
  note_end(segment);
  const auto first = later(segment.sequence, next_);
  const auto end = earlier(segment.sequence + static_cast<std::uint32_t>(segment.payload.size()),
                           end_ ? earlier(edge_, *end_) : edge_);
  bool kept = false;
  if (first < end) {
    const auto skipped = first.number - segment.sequence.number;
    kept = keep(first, ByteView(segment.payload).subspan(skipped, SequenceRange{first, end}.size()));
  }
  const bool had_fragments = fragments_.size() > 1;
  drain();
  if (next_ == before) return kept ? Took::out_of_order : Took::nothing;
  return had_fragments ? Took::filled_a_gap : Took::in_order;
}

// The first FIN within the window counts.
void TcpReceiveHalf::note_end(const TcpSegment& segment) {
  if (!segment.flags.fin || end_) return;
  const auto at = segment.end() - 1;
  const bool past_all = fragments_.empty() || fragments_.back().end() <= at;
  if (next_ <= at && at < edge_ && past_all) end_ = at;
}

// Keeps what is not there yet; the octets that came first stay.
bool TcpReceiveHalf::keep(Sequence first, ByteView bytes) {
  bool kept = false;
  const auto go_on_after = [&](std::size_t size) {
    first = first + static_cast<std::uint32_t>(size);
    bytes = bytes.subspan(size);
  };
  for (std::size_t i = 0; !bytes.empty();) {
    const bool beyond_all = i == fragments_.size();
    if (!beyond_all && fragments_[i].end() <= first) {
      ++i;
    } else if (!beyond_all && fragments_[i].first <= first) {
      go_on_after(std::min<std::size_t>(bytes.size(), SequenceRange{first, fragments_[i].end()}.size()));
    } else {
      const auto gap = beyond_all ? bytes.size() : SequenceRange{first, fragments_[i].first}.size();
      const auto size = std::min<std::size_t>(bytes.size(), gap);
      if (!keep_piece(i, first, bytes.first(size))) return kept;
      kept = true;
      go_on_after(size);
    }
  }
  return kept;
}

bool TcpReceiveHalf::keep_piece(std::size_t position, Sequence first, ByteView bytes) {
  // What comes next is always taken: it makes the queue shorter.
  if (fragments_.size() >= most_fragments && first != next_) return false;
  fragments_.insert(fragments_.begin() + static_cast<std::ptrdiff_t>(position), {first, copy_of(bytes)});
  latest_ = first;
  return true;
}

void TcpReceiveHalf::drain() {
  auto fragment = fragments_.begin();
  for (; fragment != fragments_.end() && fragment->first == next_; ++fragment) {
    ready_.insert(ready_.end(), fragment->bytes.begin(), fragment->bytes.end());
    next_ = fragment->end();
  }
  fragments_.erase(fragments_.begin(), fragment);
  if (end_ == next_ && !ended_) {
    ended_ = true;
    next_ = next_ + 1;
    // The FIN takes a sequence number, and no room.
    edge_ = later(edge_, next_);
  }
}

Bytes TcpReceiveHalf::read() { return std::exchange(ready_, {}); }

bool TcpReceiveHalf::open() {
  const auto edge = next_ + room();
  if (edge - edge_ < static_cast<std::int32_t>(std::min(buffer_ / 2, segment_))) return false;
  edge_ = edge;
  return true;
}

std::uint16_t TcpReceiveHalf::tell_window(bool scaled) {
  const auto shift = scaled ? shift_ : 0;
  const auto unit = std::uint32_t{1} << shift;
  auto field = (window() + unit - 1) >> shift;
  // Rounded up again and again, the edge would creep beyond the buffer.
  if (field << shift >= room() + unit) field = window() >> shift;
  field = std::min<std::uint32_t>(field, 0xFFFF);
  edge_ = later(edge_, next_ + (field << shift));
  return static_cast<std::uint16_t>(field);
}

std::uint32_t TcpReceiveHalf::room() const {
  return ready_.size() < buffer_ ? buffer_ - static_cast<std::uint32_t>(ready_.size()) : 0U;
}

std::vector<SequenceRange> TcpReceiveHalf::sack_blocks(std::size_t most) const {
  std::vector<SequenceRange> blocks;
  for (const auto& fragment : fragments_) {
    if (!blocks.empty() && blocks.back().end == fragment.first) {
      blocks.back().end = fragment.end();
    } else {
      blocks.push_back({fragment.first, fragment.end()});
    }
  }
  const auto has_latest = [this](const SequenceRange& block) { return block.first <= latest_ && latest_ < block.end; };
  const auto found = std::find_if(blocks.begin(), blocks.end(), has_latest);
  if (found != blocks.end()) std::rotate(blocks.begin(), found, std::next(found));
  if (blocks.size() > most) blocks.resize(most);
  return blocks;
}

}  // namespace wirelab::raw
