#include "raw/tcp_machine.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace wirelab::raw {
namespace {

constexpr std::size_t most_sack_blocks = 3;  // beside timestamps

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

std::string_view to_string(TcpState state) {
  constexpr std::string_view names[] = {"CLOSED",     "SYN-SENT",   "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
                                        "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",      "LAST-ACK",    "TIME-WAIT"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view to_string(TcpEnd end) {
  constexpr std::string_view names[] = {"closed by both sides",  "refused",
                                        "reset by the peer",     "aborted",
                                        "nobody answered",       "the peer acknowledged nothing",
                                        "the peer sent nothing", "the peer did not close"};
  return names[static_cast<std::size_t>(end)];
}

}  // namespace wirelab::raw
