// What a segment does (RFC 9293, 3.10.7), in the order of that section.
#include <algorithm>

#include "raw/tcp_machine.hpp"

namespace wirelab::raw {
namespace {

// RFC 5961, 7: so that two sides never answer each other for ever.
constexpr unsigned most_challenges = 10;
constexpr auto challenges_in = std::chrono::seconds(5);

// What a peer says of the past may be a lie.
constexpr auto longest_round_trip = std::chrono::minutes(5);

}  // namespace

void TcpMachine::arrive(const TcpSegment& segment, SteadyTime now) {
  now_ = now;
  ++stats_.received;
  if (state_ == TcpState::closed) {
    arrive_closed(segment);
  } else if (state_ == TcpState::syn_sent) {
    arrive_syn_sent(segment);
  } else {
    arrive_synchronized(segment);
  }
  stats_.fast_retransmits = send_.fast_retransmits();
  output();
}

// 3.10.7.4.
void TcpMachine::arrive_synchronized(TcpSegment segment) {
  if (state_ == TcpState::syn_received && segment.flags.syn && segment.flags.ack && segment.sequence == peer_initial_) {
    // The peer's SYN, once more, in what acknowledges ours: only the acknowledgement is new.
    segment.flags.syn = false;
    segment.sequence = segment.sequence + 1;
  }
  if (!passes(segment)) return;
  if (segment.flags.rst) return on_reset(segment);
  if (segment.flags.syn) return challenge();  // RFC 5961, 4
  if (!segment.flags.ack) return;
  if (!on_acknowledgement(segment)) return;
  idle_at_ = now_ + options_.idle_limit;
  note_timestamp(segment);
  on_text(segment);
}

// First check: the sequence number, and before it the timestamp (RFC 7323, 5.3).
bool TcpMachine::passes(const TcpSegment& segment) {
  const bool rst = segment.flags.rst;
  const bool unstamped = timestamps_ && !rst && !segment.options.timestamps;
  if (!unstamped && (rst || !is_too_old(segment)) && receive_.accepts(segment)) return true;
  ++stats_.unacceptable;
  if (rst || unstamped) return false;
  if (segment.length() > 0) {
    ack_need_ = AckNeed::now;
  } else {
    challenge();
  }
  return false;
}

bool TcpMachine::is_too_old(const TcpSegment& segment) const {
  if (!timestamps_) return false;
  return static_cast<std::int32_t>(segment.options.timestamps->value - peer_timestamp_) < 0;
}

void TcpMachine::note_timestamp(const TcpSegment& segment) {
  if (timestamps_ && segment.sequence <= last_acknowledged_) peer_timestamp_ = segment.options.timestamps->value;
}

// Second check: only the exact number resets; another in the window could be a guess (RFC 5961, 3).
void TcpMachine::on_reset(const TcpSegment& segment) {
  if (segment.sequence != receive_.next()) return challenge();
  if (state_ == TcpState::time_wait) return finish(TcpEnd::orderly);
  finish(state_ == TcpState::syn_received ? TcpEnd::refused : TcpEnd::reset);
}

// Fifth check. False if nothing more of the segment counts.
bool TcpMachine::on_acknowledgement(const TcpSegment& segment) {
  const bool opening = state_ == TcpState::syn_received;
  if (opening && segment.acknowledgement != send_.nxt()) {
    ++stats_.unsent_acknowledged;
    refuse(segment);
    return false;
  }
  const bool was_closed = send_.window_is_closed();
  const auto ack = send_.acknowledge(segment, std::uint32_t{segment.window} << peer_shift_);
  switch (ack) {
    case TcpSendHalf::Ack::never_sent:
      ++stats_.unsent_acknowledged;
      [[fallthrough]];
    case TcpSendHalf::Ack::too_old:
      challenge();
      return false;
    case TcpSendHalf::Ack::new_octets:
      if (opening) open();
      on_octets_acknowledged(segment);
      break;
    case TcpSendHalf::Ack::duplicate:
      break;
  }
  // A peer may keep its window closed as long as it answers the probes (RFC 9293, 3.8.6.1).
  if (send_.window_is_closed()) answer_at_.reset();
  if (was_closed && !send_.window_is_closed()) retransmit_at_.reset();
  return state_ != TcpState::closed;
}

void TcpMachine::on_octets_acknowledged(const TcpSegment& segment) {
  retransmit_at_ = answer_at_ = std::nullopt;
  measure(segment);
  if (!send_.fin_acknowledged()) return;
  if (state_ == TcpState::fin_wait_1) enter(TcpState::fin_wait_2);
  if (state_ == TcpState::closing) enter(TcpState::time_wait);
  if (state_ == TcpState::last_ack) finish(TcpEnd::orderly);
}

void TcpMachine::measure(const TcpSegment& segment) {
  const auto& stamps = segment.options.timestamps;
  if (timestamps_ && stamps) {
    const auto round_trip = std::chrono::milliseconds(timestamp_now() - stamps->echo);
    if (round_trip < longest_round_trip) rto_.sample(round_trip);
  } else if (timed_ && timed_->first <= segment.acknowledgement) {
    rto_.sample(now_ - timed_->second);
  }
  if (timed_ && timed_->first <= segment.acknowledgement) timed_.reset();
}

// Seventh and eighth: octets and FIN. After the peer's FIN there are none.
void TcpMachine::on_text(const TcpSegment& segment) {
  const bool open = state_ == TcpState::established || state_ == TcpState::fin_wait_1 || state_ == TcpState::fin_wait_2;
  if (segment.length() == 0) return;
  if (!open) {
    ack_need_ = AckNeed::now;
    return;
  }
  const auto ready = receive_.ready();
  const auto took = receive_.take(segment);
  if (took == TcpReceiveHalf::Took::out_of_order) ++stats_.out_of_order;
  // At least every second segment is acknowledged, and at once whatever is out of order (RFC 5681, 4.2).
  const bool at_once = took != TcpReceiveHalf::Took::in_order || ++unacknowledged_segments_ >= 2 || receive_.ended();
  if (at_once) {
    ack_need_ = AckNeed::now;
  } else if (ack_need_ == AckNeed::none) {
    ack_need_ = AckNeed::later;
  }
  if (receive_.ready() > ready) events_.push_back(TcpEvent::readable);
  if (state_at_ && receive_.ready() > ready) state_at_ = now_ + options_.close_limit;
  if (receive_.ended()) on_peer_end();
}

void TcpMachine::on_peer_end() {
  events_.push_back(TcpEvent::peer_ended);
  if (state_ == TcpState::established) enter(TcpState::close_wait);
  if (state_ == TcpState::fin_wait_1) enter(TcpState::closing);
  if (state_ == TcpState::fin_wait_2) enter(TcpState::time_wait);
}

void TcpMachine::challenge() {
  if (!challenges_until_ || *challenges_until_ <= now_) {
    challenges_until_ = now_ + challenges_in;
    challenges_now_ = 0;
  }
  if (challenges_now_ == most_challenges) return;
  ++challenges_now_;
  ++stats_.challenges;
  ack_need_ = AckNeed::now;
}

}  // namespace wirelab::raw
