// What a TcpMachine sends, and how each segment is made.
#include <algorithm>
#include <utility>

#include "raw/tcp_machine.hpp"

namespace wirelab::raw {
namespace {

constexpr std::size_t most_sack_blocks = 3;  // beside timestamps

}  // namespace

// Everything that may go out now, and the timers for what may not.
void TcpMachine::output() {
  if (state_ == TcpState::closed) return;
  // A data segment has no room to tell of gaps.
  if (ack_need_ == AckNeed::now && sack_ && !receive_.sack_blocks(1).empty()) emit_ack();
  if (may_send()) {
    while (auto piece = send_.next()) emit_piece(std::move(*piece));
  }
  if (ack_need_ == AckNeed::now) emit_ack();
  if (refused_octets_ && send_.room() > options_.send_buffer / 2) {
    refused_octets_ = false;
    events_.push_back(TcpEvent::writable);
  }
  arm();
}

void TcpMachine::arm() {
  const bool opening = state_ == TcpState::syn_sent || state_ == TcpState::syn_received;
  const bool waiting = send_.is_under_way() || (!opening && may_send() && send_.has_something());
  if (!waiting) {
    retransmit_at_ = answer_at_ = std::nullopt;
  } else {
    if (!retransmit_at_) retransmit_at_ = now_ + rto_.value();
    if (!answer_at_ && !opening) answer_at_ = now_ + options_.answer_limit;
  }
  if (ack_need_ == AckNeed::later && !ack_at_) ack_at_ = now_ + options_.ack_delay;
}

// SYN, and SYN ACK where the peer's SYN has crossed it; without options that the peer's does not have (RFC 7323, 1.3).
void TcpMachine::emit_syn() {
  const bool answer = state_ == TcpState::syn_received;
  auto syn = make(options_.initial, {.syn = true, .ack = answer});
  syn.window = static_cast<std::uint16_t>(std::min<std::uint32_t>(options_.receive_buffer, 0xFFFF));
  syn.options = {};
  syn.options.mss = options_.mss;
  syn.options.sack_permitted = answer ? sack_ : options_.sack;
  if (answer ? scaled_ : options_.window_scale.has_value()) syn.options.window_scale = options_.window_scale;
  if (answer ? timestamps_ : options_.timestamps)
    syn.options.timestamps = TcpTimestamps{timestamp_now(), peer_timestamp_};
  emit(std::move(syn));
}

void TcpMachine::emit_ack() {
  auto ack = make(send_.nxt(), {.ack = true});
  if (sack_) ack.options.sack = receive_.sack_blocks(most_sack_blocks);
  emit(std::move(ack));
}

void TcpMachine::emit_piece(TcpSendHalf::Piece piece) {
  if (piece.again) {
    ++stats_.retransmitted;
    timed_.reset();  // Karn's algorithm
  }
  auto segment = make(piece.first, {.fin = piece.fin, .psh = piece.last && !piece.payload.empty(), .ack = true});
  segment.payload = std::move(piece.payload);
  if (!timestamps_ && !piece.again && !timed_) timed_.emplace(segment.end(), now_);
  emit(std::move(segment));
}

TcpSegment TcpMachine::make(Sequence sequence, TcpFlags flags) {
  TcpSegment segment{.source = options_.source,
                     .destination = options_.destination,
                     .sequence = sequence,
                     .acknowledgement = flags.ack ? receive_.next() : Sequence{},
                     .flags = flags,
                     .window = receive_.tell_window(scaled_)};
  if (timestamps_) segment.options.timestamps = TcpTimestamps{timestamp_now(), peer_timestamp_};
  return segment;
}

void TcpMachine::emit(TcpSegment segment) {
  ++stats_.sent;
  if (segment.flags.ack) {
    last_acknowledged_ = segment.acknowledgement;
    ack_need_ = AckNeed::none;
    ack_at_.reset();
    unacknowledged_segments_ = 0;
  }
  segments_.push_back(std::move(segment));
}

std::uint32_t TcpMachine::timestamp_now() const {
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now_ - begun_).count();
  return options_.timestamp_offset + static_cast<std::uint32_t>(elapsed);
}

}  // namespace wirelab::raw
