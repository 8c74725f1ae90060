// What a segment does before the connection is open, and after it was closed (RFC 9293, 3.10.7.1 and 3.10.7.3).
#include <algorithm>

#include "raw/tcp_machine.hpp"

namespace wirelab::raw {
namespace {

constexpr std::uint32_t default_segment = 536;  // RFC 9293, 3.7.1
constexpr std::uint32_t least_segment = 64;     // a peer cannot make each octet cost a packet
constexpr std::uint32_t timestamps_size = 12;   // with their padding
constexpr std::uint8_t greatest_shift = 14;     // RFC 7323, 2.3

}  // namespace

// 3.10.7.1: who still speaks to what is closed is told so.
void TcpMachine::arrive_closed(const TcpSegment& segment) {
  if (segment.flags.rst) return;
  TcpSegment answer{.source = options_.source, .destination = options_.destination, .flags = {.rst = true}};
  if (segment.flags.ack) {
    answer.sequence = segment.acknowledgement;
  } else {
    answer.flags.ack = true;
    answer.acknowledgement = segment.end();
  }
  ++stats_.sent;
  segments_.push_back(std::move(answer));
}

// 3.10.7.3.
void TcpMachine::arrive_syn_sent(const TcpSegment& segment) {
  const auto& flags = segment.flags;
  if (flags.ack && segment.acknowledgement != send_.nxt()) {
    ++stats_.unsent_acknowledged;
    if (!flags.rst) refuse(segment);
    return;
  }
  if (flags.rst) {
    if (flags.ack) finish(TcpEnd::refused);
    return;
  }
  if (!flags.syn) return;
  idle_at_ = now_ + options_.idle_limit;
  agree(segment);
  if (!flags.ack) {
    // Its SYN has crossed ours: both are open once each is acknowledged (3.5, figure 7).
    enter(TcpState::syn_received);
    return emit_syn();
  }
  send_.acknowledge(segment, segment.window);
  on_octets_acknowledged(segment);
  open();
  ack_need_ = AckNeed::now;
  auto text = segment;
  text.sequence = segment.sequence + 1;
  text.flags.syn = false;
  on_text(text);
}

void TcpMachine::agree(const TcpSegment& syn) {
  const auto& theirs = syn.options;
  peer_initial_ = syn.sequence;
  receive_.begin(syn.sequence);
  sack_ = options_.sack && theirs.sack_permitted;
  timestamps_ = options_.timestamps && theirs.timestamps;
  if (timestamps_) peer_timestamp_ = theirs.timestamps->value;
  scaled_ = options_.window_scale && theirs.window_scale;
  if (scaled_) {
    peer_shift_ = std::min(*theirs.window_scale, greatest_shift);
    receive_.scale(*options_.window_scale);
  }
  const auto least = std::min<std::uint32_t>(theirs.mss.value_or(default_segment), options_.mss);
  const auto options_size = timestamps_ ? timestamps_size : 0U;
  segment_size_ = std::max(least, least_segment + options_size) - options_size;
  send_.begin(segment_size_, sack_);
}

// A reset that the sender of an impossible acknowledgement must believe.
void TcpMachine::refuse(const TcpSegment& segment) { emit(make(segment.acknowledgement, {.rst = true})); }

}  // namespace wirelab::raw
