// TcpMachine: one side of a TCP connection as pure protocol logic (RFC 9293): segments and times go in; segments,
// events and the time of the next deadline come out. Public, pure, a fuzz target.
//
// It opens actively, and simultaneously should the peer's SYN cross its own; it never listens. It knows no socket, no
// address and no clock: who drives it delivers segments of this connection, calls tick() at the deadline, and after
// each call sends what take_segments() gives. Every wait has a limit, so that a machine that is not closed always has a
// deadline.
//
//   tcp_machine.cpp     what the user calls, and the timers
//   tcp_opening.cpp     what a segment does until the connection is open (RFC 9293, 3.10.7.3)
//   tcp_arrivals.cpp    what it does from then on (3.10.7.4)
//   tcp_output.cpp      what is sent
//   tcp_send_half.hpp, tcp_receive_half.hpp, tcp_rto.hpp, tcp_congestion.hpp
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "lab/base/clock.hpp"
#include "raw/tcp_receive_half.hpp"
#include "raw/tcp_rto.hpp"
#include "raw/tcp_send_half.hpp"
#include "raw/tcp_state.hpp"

namespace wirelab::raw {

class TcpMachine {
 public:
  struct Options {
    Port source{}, destination{};
    Sequence initial;                             // RFC 6528 would have it unpredictable
    std::uint16_t mss = 1460;                     // announced; and the most that is sent in a segment
    std::uint32_t receive_buffer = 64240;         // octets; what Linux announces first
    std::size_t send_buffer = 1U << 18;           // octets
    bool timestamps = true;                       // RFC 7323
    bool sack = true;                             // RFC 2018
    std::optional<std::uint8_t> window_scale{7};  // RFC 7323; at most 14
    std::uint32_t timestamp_offset = 0;           // of the timestamps' clock, which ticks in milliseconds
    Duration ack_delay = std::chrono::milliseconds(40);
    TcpRto::Limits rto;
    Duration connect_limit = std::chrono::seconds(10);  // from connect() until it is open
    Duration answer_limit = std::chrono::seconds(30);   // for the peer to acknowledge anything of what was sent
    Duration idle_limit = std::chrono::seconds(60);     // without a segment from the peer
    Duration close_limit = std::chrono::seconds(10);    // from the end of our data until the peer has closed
    Duration time_wait = std::chrono::seconds(1);       // zero leaves it out
  };
  struct Stats {
    std::uint64_t sent = 0, received = 0;   // segments
    std::uint64_t retransmitted = 0;        // segments with something that was sent before
    std::uint64_t timeouts = 0;             // of the retransmission timer
    std::uint64_t fast_retransmits = 0;     // losses told by duplicates or SACK
    std::uint64_t probes = 0;               // of a closed window
    std::uint64_t out_of_order = 0;         // segments kept for later
    std::uint64_t unacceptable = 0;         // segments outside the window, or too old by their timestamp
    std::uint64_t challenges = 0;           // ACKs that answer what could be forged (RFC 5961)
    std::uint64_t unsent_acknowledged = 0;  // ACKs of what was never sent
  };

  explicit TcpMachine(const Options& options);

  // Sends the SYN. Once only (std::logic_error).
  void connect(SteadyTime now);
  // Queues octets, also before the connection is open; returns how many there was room for. None after close().
  std::size_t send(ByteView bytes, SteadyTime now);
  // A part of what send_pieces() sends.
  struct Part {
    std::size_t offset = 0, size = 0;
  };
  // Sends `bytes` cut into these segments, in this order, whatever the congestion window says. What no part covers is
  // sent again by the timer, as if it had been lost. False, and nothing is sent, if the connection is not open, older
  // octets wait, or the peer's window does not hold them. A part beyond `bytes`, or larger than a segment, is a
  // std::logic_error.
  bool send_pieces(ByteView bytes, std::span<const Part> parts, SteadyTime now);
  // All that arrived in order and was not read; makes room.
  Bytes read(SteadyTime now);
  // No more is sent after what is queued; what the peer sends still comes.
  void close(SteadyTime now);
  // Resets the connection.
  void abort(SteadyTime now);

  void arrive(const TcpSegment& segment, SteadyTime now);
  // To be called at deadline(), or later.
  void tick(SteadyTime now);
  // Nothing once closed and before connect().
  [[nodiscard]] std::optional<SteadyTime> deadline() const;

  // What came out since the last call, in order.
  std::vector<TcpSegment> take_segments() { return std::exchange(segments_, {}); }
  std::vector<TcpEvent> take_events() { return std::exchange(events_, {}); }

  [[nodiscard]] TcpState state() const { return state_; }
  [[nodiscard]] std::optional<TcpEnd> end() const { return end_; }
  [[nodiscard]] const Stats& stats() const { return stats_; }
  // Octets not acknowledged, sent or not.
  [[nodiscard]] std::size_t unacknowledged() const { return options_.send_buffer - send_.room(); }
  // The most octets of a segment.
  [[nodiscard]] std::uint32_t segment_size() const { return segment_size_; }
  // Measured; zero before.
  [[nodiscard]] Duration round_trip() const { return rto_.round_trip(); }
  [[nodiscard]] const TcpSendHalf& sender() const { return send_; }
  [[nodiscard]] const TcpReceiveHalf& receiver() const { return receive_; }

 private:
  enum class AckNeed { none, later, now };

  // tcp_opening.cpp
  void arrive_closed(const TcpSegment& segment);
  void arrive_syn_sent(const TcpSegment& segment);
  void agree(const TcpSegment& syn);
  void refuse(const TcpSegment& segment);

  // tcp_arrivals.cpp
  void arrive_synchronized(TcpSegment segment);
  bool passes(const TcpSegment& segment);
  bool is_too_old(const TcpSegment& segment) const;
  void note_timestamp(const TcpSegment& segment);
  void on_reset(const TcpSegment& segment);
  bool on_acknowledgement(const TcpSegment& segment);
  void on_octets_acknowledged(const TcpSegment& segment);
  void on_text(const TcpSegment& segment);
  void on_peer_end();
  void measure(const TcpSegment& segment);
  void challenge();

  // tcp_machine.cpp
  void enter(TcpState state);
  void finish(TcpEnd end);
  void give_up(TcpEnd end);
  void open();
  void send_fin_if_queued();
  void on_retransmission_timeout();
  [[nodiscard]] bool may_send() const;

  // tcp_output.cpp
  void output();
  void arm();
  void emit_syn();
  void emit_ack();
  void emit_piece(TcpSendHalf::Piece piece);
  void emit(TcpSegment segment);
  TcpSegment make(Sequence sequence, TcpFlags flags);
  [[nodiscard]] std::uint32_t timestamp_now() const;

  Options options_;
  TcpState state_ = TcpState::closed;
  std::optional<TcpEnd> end_;
  Stats stats_;
  TcpSendHalf send_;
  TcpReceiveHalf receive_;
  TcpRto rto_;
  std::uint32_t segment_size_;
  std::vector<TcpSegment> segments_;
  std::vector<TcpEvent> events_;

  // What both SYNs agreed on.
  bool timestamps_ = false, sack_ = false, scaled_ = false;
  std::uint8_t peer_shift_ = 0;
  Sequence peer_initial_;
  std::uint32_t peer_timestamp_ = 0;  // TS.Recent
  Sequence last_acknowledged_;        // Last.ACK.sent

  AckNeed ack_need_ = AckNeed::none;
  unsigned unacknowledged_segments_ = 0;
  bool refused_octets_ = false;
  bool syn_lost_ = false;
  unsigned challenges_now_ = 0;
  std::optional<std::pair<Sequence, SteadyTime>> timed_;  // the octet that is timed, where there are no timestamps

  SteadyTime now_{}, begun_{};
  std::optional<SteadyTime> ack_at_, retransmit_at_, answer_at_, state_at_, idle_at_, challenges_until_;
};

}  // namespace wirelab::raw
