#include "raw/tcp_machine.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace wirelab::raw {
namespace {

bool is_due(const std::optional<SteadyTime>& when, SteadyTime now) { return when && *when <= now; }

}  // namespace

TcpMachine::TcpMachine(const Options& options)
    : options_(options),
      send_(options.initial, options.send_buffer),
      receive_(options.receive_buffer, options.mss),
      rto_(options.rto),
      segment_size_(options.mss) {
  if (options_.window_scale) options_.window_scale = std::min<std::uint8_t>(*options_.window_scale, 14);
}

void TcpMachine::connect(SteadyTime now) {
  if (state_ != TcpState::closed || end_) throw std::logic_error("a TCP machine connects once");
  now_ = begun_ = now;
  enter(TcpState::syn_sent);
  idle_at_ = now + options_.idle_limit;
  emit_syn();
  send_.syn_sent();
  timed_.emplace(send_.nxt(), now);
  arm();
}

std::size_t TcpMachine::send(ByteView bytes, SteadyTime now) {
  now_ = now;
  if (state_ == TcpState::closed) return 0;
  const auto taken = send_.queue(bytes);
  refused_octets_ = taken < bytes.size() && !send_.fin_queued();
  output();
  return taken;
}

bool TcpMachine::send_pieces(ByteView bytes, std::span<const Part> parts, SteadyTime now) {
  for (const auto& part : parts) {
    if (part.offset > bytes.size() || part.size > bytes.size() - part.offset || part.size > segment_size_)
      throw std::logic_error("a part beyond what is sent, or larger than a segment");
  }
  now_ = now;
  const auto first = send_.nxt();
  const bool waiting = send_.queue_end() != first;
  const bool fits =
      bytes.size() <= send_.room() && first + static_cast<std::uint32_t>(bytes.size()) <= send_.window_end();
  if (!may_send() || send_.fin_queued() || waiting || !fits) return false;
  send_.queue(bytes);
  for (const auto& part : parts) emit_piece(send_.slice(first + static_cast<std::uint32_t>(part.offset), part.size));
  send_.count_as_sent();
  arm();
  return true;
}

Bytes TcpMachine::read(SteadyTime now) {
  now_ = now;
  auto bytes = receive_.read();
  const bool was_narrow = receive_.window() < segment_size_;
  if (state_ != TcpState::closed && receive_.open() && was_narrow) ack_need_ = AckNeed::now;
  output();
  return bytes;
}

void TcpMachine::close(SteadyTime now) {
  now_ = now;
  if (state_ == TcpState::syn_sent) return finish(TcpEnd::aborted);
  if (send_.fin_queued() || state_ == TcpState::closed) return;
  send_.queue_fin();
  send_fin_if_queued();
  output();
}

// RFC 9293, 3.10.4. In SYN-RECEIVED the FIN waits until the connection is open.
void TcpMachine::send_fin_if_queued() {
  if (!send_.fin_queued()) return;
  if (state_ == TcpState::established) enter(TcpState::fin_wait_1);
  if (state_ == TcpState::close_wait) enter(TcpState::last_ack);
}

void TcpMachine::abort(SteadyTime now) {
  now_ = now;
  if (state_ != TcpState::closed) give_up(TcpEnd::aborted);
}

void TcpMachine::give_up(TcpEnd end) {
  if (state_ != TcpState::syn_sent && state_ != TcpState::time_wait)
    emit(make(send_.nxt(), {.rst = true, .ack = true}));
  finish(end);
}

void TcpMachine::finish(TcpEnd end) {
  end_ = end;
  enter(TcpState::closed);
  ack_at_ = retransmit_at_ = answer_at_ = idle_at_ = std::nullopt;
  ack_need_ = AckNeed::none;
  events_.push_back(TcpEvent::closed);
}

void TcpMachine::enter(TcpState state) {
  state_ = state;
  switch (state) {
    case TcpState::syn_sent:
      state_at_ = now_ + options_.connect_limit;
      break;
    case TcpState::syn_received:  // the limit goes on
      break;
    case TcpState::established:
    case TcpState::close_wait:
    case TcpState::closed:
      state_at_.reset();
      break;
    case TcpState::fin_wait_1:
    case TcpState::last_ack:
      state_at_ = now_ + options_.close_limit;
      break;
    case TcpState::fin_wait_2:
    case TcpState::closing:
      break;
    case TcpState::time_wait:
      state_at_ = now_ + options_.time_wait;
      break;
  }
}

void TcpMachine::open() {
  enter(TcpState::established);
  if (syn_lost_) rto_.after_lost_syn();
  events_.push_back(TcpEvent::opened);
  send_fin_if_queued();
}

void TcpMachine::tick(SteadyTime now) {
  now_ = now;
  if (state_ == TcpState::closed) return;
  if (is_due(state_at_, now)) {
    if (state_ == TcpState::time_wait) return finish(TcpEnd::orderly);
    const bool opening = state_ == TcpState::syn_sent || state_ == TcpState::syn_received;
    return give_up(opening ? TcpEnd::no_connection : TcpEnd::not_closed);
  }
  if (is_due(answer_at_, now)) return give_up(TcpEnd::unacknowledged);
  if (is_due(idle_at_, now)) return give_up(TcpEnd::idle);
  if (is_due(ack_at_, now)) ack_need_ = AckNeed::now;
  if (is_due(retransmit_at_, now)) on_retransmission_timeout();
  output();
}

void TcpMachine::on_retransmission_timeout() {
  retransmit_at_.reset();
  timed_.reset();
  if (state_ == TcpState::syn_sent || state_ == TcpState::syn_received) {
    syn_lost_ = true;
    ++stats_.timeouts;
    ++stats_.retransmitted;
    emit_syn();
  } else if (send_.window_is_closed()) {
    ++stats_.probes;
    emit_piece(send_.probe());
  } else {
    ++stats_.timeouts;
    send_.timeout();
  }
  rto_.back_off();
}

std::optional<SteadyTime> TcpMachine::deadline() const {
  std::optional<SteadyTime> first;
  for (const auto& each : {ack_at_, retransmit_at_, answer_at_, state_at_, idle_at_}) {
    if (each && (!first || *each < *first)) first = each;
  }
  return first;
}

bool TcpMachine::may_send() const {
  return state_ == TcpState::established || state_ == TcpState::close_wait || state_ == TcpState::fin_wait_1 ||
         state_ == TcpState::closing || state_ == TcpState::last_ack;
}

}  // namespace wirelab::raw
