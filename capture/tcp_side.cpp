#include "capture/tcp_side.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace wirelab::capture {
namespace {

using Kind = Deed::Kind;

// Remembered of a side. What fills an older one passes for a retransmission.
constexpr std::size_t most_gaps = 256;

// How much of the sequence a segment takes.
std::int64_t span_of(const Tcp& tcp) {
  return std::int64_t{tcp.length} + (tcp.flags.syn ? 1 : 0) + (tcp.flags.fin ? 1 : 0);
}

bool is_bare(const Tcp& tcp) { return tcp.length == 0 && !tcp.flags.syn && !tcp.flags.fin && !tcp.flags.rst; }

}  // namespace

void TcpSide::begin_at(std::uint32_t first) {
  if (!first_) first_ = first;
}

TcpSide::Position TcpSide::position_of(std::uint32_t number) const {
  const auto near = static_cast<std::uint32_t>(*first_ + static_cast<std::uint32_t>(end_));
  return end_ + static_cast<std::int32_t>(number - near);
}

std::string TcpSide::numbers_of(const Tcp& tcp, const TcpSide& peer) const {
  auto text = fmt::format(" seq {}", first_ ? position_of(tcp.sequence) : Position{tcp.sequence});
  if (tcp.flags.ack && peer.first_) text += fmt::format(" ack {}", peer.position_of(tcp.acknowledgement));
  return text;
}

void TcpSide::read_handshake(const Tcp& tcp, TcpSide& peer) {
  if (!tcp.flags.syn || has_syn_) return;
  first_ = tcp.sequence;
  has_syn_ = true;
  scale_ = tcp.window_scale;
  peer_scales_ = !tcp.flags.ack || peer.scale_.has_value();
  if (tcp.flags.ack && !scale_) peer.peer_scales_ = false;
}

std::uint64_t TcpSide::window_of(const Tcp& tcp) const {
  const unsigned shift = tcp.flags.syn || !peer_scales_ ? 0 : std::min<unsigned>(scale_.value_or(0), 14);
  return std::uint64_t{tcp.window} << shift;
}

bool TcpSide::fills_gap(Position begin, Position end) const {
  return std::ranges::any_of(gaps_, [&](const auto& gap) { return begin < gap.second && end > gap.first; });
}

std::string TcpSide::misplacement(const Tcp& tcp, Position begin, const TcpSide& peer) const {
  constexpr Position widest = Position{1} << 30;
  const auto window = peer.window_ && peer.has_syn_ ? static_cast<Position>(*peer.window_) : widest;
  if ((has_syn_ && begin < 0) || begin > std::max(end_, acknowledged_) + window) return "outside the window";
  if (begin > end_) return "what comes before is not there";
  if (begin + span_of(tcp) > end_ || span_of(tcp) == 0) return "";
  return fills_gap(begin, begin + span_of(tcp)) ? "out of order" : "retransmission";
}

void TcpSide::place(const Tcp& tcp, Position begin, std::size_t packet) {
  const auto end = begin + span_of(tcp);
  if (begin > end_) gaps_.emplace_back(end_, begin);
  if (gaps_.size() > most_gaps) gaps_.erase(gaps_.begin());
  std::erase_if(gaps_, [&](const auto& gap) { return begin <= gap.first && end >= gap.second; });
  end_ = std::max(end_, end);
  has_fin_ = has_fin_ || tcp.flags.fin;
  const auto data = begin + (tcp.flags.syn ? 1 : 0);
  if (tcp.payload.empty() || data < 1) return;
  pieces_.push_back({static_cast<std::uint64_t>(data - 1), tcp.payload});
  packets_.push_back(packet);
}

TcpSide::Verdict TcpSide::judge_window(const Tcp& tcp) {
  const auto now = window_of(tcp);
  const auto before = std::exchange(window_, now);
  const bool was_closed = before && *before == 0;
  if (now == 0 && !was_closed) return {Kind::window, {}, "window 0"};
  if (now == 0) return {Kind::acknowledgement, {}, "window 0 still"};
  // The scale is told by the SYN only.
  if (was_closed) return {Kind::window, {}, has_syn_ ? fmt::format("window opens to {} bytes", now) : "window opens"};
  return {};
}

TcpSide::Verdict TcpSide::send(const Tcp& tcp, TcpSide& peer, std::size_t packet) {
  const bool is_again = tcp.flags.syn && has_syn_ && position_of(tcp.sequence) == 0;
  read_handshake(tcp, peer);
  if (!tcp.flags.rst) begin_at(tcp.sequence - 1);
  if (!tcp.flags.rst && tcp.flags.ack) peer.begin_at(tcp.acknowledgement - 1);
  if (end_ == 0 && !has_syn_) end_ = 1;
  Verdict verdict{Kind::data, numbers_of(tcp, peer), {}};
  if (tcp.flags.rst) return {Kind::closing, verdict.numbers, {}};
  const auto begin = position_of(tcp.sequence);
  const bool is_probe = is_bare(tcp) && begin == end_ - 1 && is_open_;
  if (is_probe) return {Kind::window, verdict.numbers, peer.window_ == 0 ? "window probe" : "keep-alive"};
  const auto wrong = is_again ? "retransmission" : misplacement(tcp, begin, peer);
  if (!wrong.empty()) verdict = {Kind::odd, verdict.numbers, wrong};
  if (wrong == "outside the window") return verdict;
  if (tcp.flags.ack) peer.acknowledged_ = std::max(peer.acknowledged_, peer.position_of(tcp.acknowledgement));
  const bool completes = is_bare(tcp) && has_syn_ && peer.has_syn_ && !is_open_;
  if (wrong != "retransmission") place(tcp, begin, packet);
  const auto window = tcp.flags.syn ? Verdict{} : judge_window(tcp);
  if (tcp.flags.syn) window_ = window_of(tcp);
  is_open_ = is_open_ || tcp.flags.ack;
  if (verdict.kind == Kind::odd) return verdict;
  verdict.note = window.note;
  if (tcp.flags.urg && tcp.length > 0) verdict.note = "urgent data";
  if (tcp.flags.syn || completes) {
    verdict.kind = Kind::opening;
  } else if (tcp.flags.fin) {
    verdict.kind = Kind::closing;
  } else if (tcp.flags.urg && tcp.length > 0) {
    verdict.kind = Kind::odd;
  } else if (window.kind == Kind::window) {
    verdict.kind = Kind::window;
  } else if (tcp.length == 0) {
    verdict.kind = Kind::acknowledgement;
  }
  return verdict;
}

}  // namespace wirelab::capture
