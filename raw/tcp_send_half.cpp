#include "raw/tcp_send_half.hpp"

#include <algorithm>

namespace wirelab::raw {
namespace {

constexpr unsigned duplicates_of_a_loss = 3;  // RFC 5681, 3.2
constexpr std::size_t most_sacked = 128;      // ranges kept: a peer that tells of more is not believed

// Adds a range to others that are in order and apart, and keeps them so.
void add(std::vector<SequenceRange>& ranges, SequenceRange range) {
  auto at = std::find_if(ranges.begin(), ranges.end(), [&](const auto& each) { return range.first <= each.end; });
  while (at != ranges.end() && at->first <= range.end) {
    range = {earlier(range.first, at->first), later(range.end, at->end)};
    at = ranges.erase(at);
  }
  if (ranges.size() < most_sacked) ranges.insert(at, range);
}

}  // namespace

void TcpSendHalf::begin(std::uint32_t segment, bool sack) {
  segment_ = segment;
  sack_ = sack;
  congestion_ = TcpCongestion(segment);
}

std::size_t TcpSendHalf::queue(ByteView bytes) {
  const auto size = fin_queued_ ? 0 : std::min(bytes.size(), room());
  octets_.insert(octets_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  return size;
}

TcpSendHalf::Piece TcpSendHalf::cut(Sequence first, Sequence end) const {
  const auto data = SequenceRange{first, earlier(end, data_end())};
  const auto bytes = ByteView(octets_).subspan(SequenceRange{start_, first}.size(), data.size());
  return {first, copy_of(bytes), end > data_end(), end >= data_end(), first < nxt_};
}

std::optional<TcpSendHalf::Piece> TcpSendHalf::next() {
  if (auto piece = next_again()) return piece;
  return next_new();
}

std::optional<TcpSendHalf::Piece> TcpSendHalf::next_again() {
  for (const auto& range : sacked_) {
    if (range.first <= again_.first && again_.first < range.end) again_.first = range.end;
  }
  auto end = earlier(again_.end, window_end());
  for (const auto& range : sacked_) {
    if (again_.first < range.first) end = earlier(end, range.first);
  }
  if (again_.first >= end) return std::nullopt;
  end = earlier(end, again_.first + segment_);
  const auto size = SequenceRange{again_.first, end}.size();
  const auto in_network = this->in_network();
  if (!urgent_ && in_network > 0 && in_network + size > congestion_.window()) return std::nullopt;
  urgent_ = false;
  auto piece = cut(again_.first, end);
  again_.first = end;
  return piece;
}

std::optional<TcpSendHalf::Piece> TcpSendHalf::next_new() {
  // What was lost goes first, though a smaller window may hold it back.
  if (has_missing_again() || nxt_ >= window_end()) return std::nullopt;
  const auto in_network = this->in_network();
  const auto open = in_network < congestion_.window() ? congestion_.window() - in_network : 0U;
  // The FIN rides on the last segment: it takes a sequence number and no room in it.
  const auto whole = earlier(queue_end(), nxt_ + segment_ + (nxt_ + segment_ == data_end() && fin_queued_ ? 1U : 0U));
  const auto end = earlier(whole, earlier(window_end(), nxt_ + open));
  if (nxt_ >= end) return std::nullopt;
  // Never small pieces while large ones are under way (RFC 9293, 3.8.6.2.1), but for the last one.
  const auto size = SequenceRange{nxt_, end}.size();
  if (end != whole && is_under_way() && size < std::min(segment_, greatest_window_ / 2)) return std::nullopt;
  auto piece = cut(nxt_, end);
  nxt_ = end;
  return piece;
}

TcpSendHalf::Piece TcpSendHalf::probe() {
  auto piece = cut(una_, una_ + 1);
  nxt_ = later(nxt_, una_ + 1);
  return piece;
}

std::uint32_t TcpSendHalf::missing_within(SequenceRange range) const {
  if (range.first >= range.end) return 0;
  auto missing = range.size();
  for (const auto& each : sacked_) {
    const auto first = later(each.first, range.first);
    const auto end = earlier(each.end, range.end);
    if (first < end) missing -= SequenceRange{first, end}.size();
  }
  return missing;
}

// What the network is believed to hold (RFC 6675's "pipe").
std::uint32_t TcpSendHalf::in_network() const { return missing_within({una_, nxt_}) - missing_within(again_); }

TcpSendHalf::Ack TcpSendHalf::acknowledge(const TcpSegment& segment, std::uint32_t window) {
  const auto ack = segment.acknowledgement;
  if (ack > nxt_) return Ack::never_sent;
  if (ack < una_ - greatest_window_) return Ack::too_old;
  if (ack < una_) return Ack::duplicate;
  const bool is_duplicate = ack == una_ && is_under_way() && segment.length() == 0 && window == window_;
  const bool moved = ack > una_;
  if (moved) advance(ack);
  update_window(segment, window);
  note_sack(segment);
  notice_loss(moved, is_duplicate);
  return moved ? Ack::new_octets : Ack::duplicate;
}

void TcpSendHalf::advance(Sequence acknowledged) {
  congestion_.acknowledged(SequenceRange{una_, acknowledged}.size());
  una_ = acknowledged;
  const auto gone = earlier(acknowledged, data_end());
  if (start_ < gone) {
    octets_.erase(octets_.begin(), octets_.begin() + (gone - start_));
    start_ = gone;
  }
  std::erase_if(sacked_, [&](const auto& range) { return range.end <= una_; });
  for (auto& range : sacked_) range.first = later(range.first, una_);
  again_ = {later(again_.first, una_), later(again_.end, una_)};
  recover_ = later(recover_, una_);
  duplicates_ = 0;
}

// Old segments must not bring back old windows (RFC 9293, 3.10.7.4).
void TcpSendHalf::update_window(const TcpSegment& segment, std::uint32_t window) {
  const bool newer =
      !window_told_ || wl1_ < segment.sequence || (wl1_ == segment.sequence && wl2_ <= segment.acknowledgement);
  if (!newer) return;
  // What went into a closed window was thrown away.
  if (window_ == 0 && is_under_way()) again_ = {later(una_, start_), nxt_};
  window_ = window;
  greatest_window_ = std::max(greatest_window_, window);
  wl1_ = segment.sequence;
  wl2_ = segment.acknowledgement;
  window_told_ = true;
}

void TcpSendHalf::note_sack(const TcpSegment& segment) {
  for (const auto& block : segment.options.sack) {
    // Only what is under way can have arrived; a block below UNA tells of a duplicate (RFC 2883).
    if (una_ < block.first && block.first < block.end && block.end <= nxt_) add(sacked_, block);
  }
}

void TcpSendHalf::notice_loss(bool moved, bool is_duplicate) {
  if (is_duplicate) ++duplicates_;
  const bool mending = una_ < recover_;
  if (mending) {
    // A partial acknowledgement, or more blocks: the next hole (RFC 6582, 3.2, step 3; RFC 6675, 5).
    if (!sacked_.empty()) {
      send_again_below(sacked_.back().first);
    } else if (moved && !sack_) {
      urgent_ = true;
      send_again_below(earlier(una_ + segment_, recover_));
    }
    return;
  }
  const bool lost = duplicates_ >= duplicates_of_a_loss ||
                    (!sacked_.empty() && missing_within({una_, nxt_}) + duplicates_of_a_loss * segment_ <=
                                             SequenceRange{una_, nxt_}.size());
  if (!lost || !is_under_way()) return;
  congestion_.loss(in_network());
  recover_ = nxt_;
  duplicates_ = 0;
  urgent_ = true;
  again_ = {una_, una_};
  send_again_below(sacked_.empty() ? earlier(una_ + segment_, nxt_) : sacked_.back().first);
  ++fast_retransmits_;
}

void TcpSendHalf::send_again_below(Sequence end) {
  if (again_.first < una_) again_ = {una_, una_};
  again_.end = later(again_.end, end);
}

void TcpSendHalf::timeout() {
  congestion_.timeout(in_network());
  sacked_.clear();
  urgent_ = false;
  again_ = {later(una_, start_), nxt_};
  recover_ = nxt_;
  duplicates_ = 0;
}

}  // namespace wirelab::raw
