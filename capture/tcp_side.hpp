// One direction of a TCP connection as a trace shows it: what was sent so far, the window that its sender offers, and
// what each segment means beside both (RFC 9293). Internal to capture/, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/decode.hpp"
#include "capture/deed.hpp"
#include "capture/stream_text.hpp"

namespace wirelab::capture {

class TcpSide {
 public:
  struct Verdict {
    Deed::Kind kind = Deed::Kind::none;
    std::string numbers;  // " seq 1 ack 1"
    std::string note;     // "retransmission", "window opens to 65536 bytes"
  };
  // This side sends a segment. `packet` is its number, for packets().
  Verdict send(const Tcp& tcp, TcpSide& peer, std::size_t packet);

  [[nodiscard]] bool has_ended() const { return has_fin_; }
  [[nodiscard]] bool is_from_start() const { return has_syn_; }
  // The payloads sent for the first time, and which packets they came in.
  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  [[nodiscard]] const std::vector<std::size_t>& packets() const { return packets_; }

 private:
  using Position = std::int64_t;  // 0 is the SYN; does not wrap as sequence numbers do
  void begin_at(std::uint32_t first);
  [[nodiscard]] Position position_of(std::uint32_t number) const;
  [[nodiscard]] std::string numbers_of(const Tcp& tcp, const TcpSide& peer) const;
  void read_handshake(const Tcp& tcp, TcpSide& peer);
  // What is wrong with where the segment lies; empty for what comes next.
  [[nodiscard]] std::string misplacement(const Tcp& tcp, Position begin, const TcpSide& peer) const;
  void place(const Tcp& tcp, Position begin, std::size_t packet);
  Verdict judge_window(const Tcp& tcp);
  [[nodiscard]] bool fills_gap(Position begin, Position end) const;
  [[nodiscard]] std::uint64_t window_of(const Tcp& tcp) const;

  std::optional<std::uint32_t> first_;  // the sequence number at position 0
  bool has_syn_ = false, has_fin_ = false;
  bool is_open_ = false;                             // the handshake's last part was seen
  Position end_ = 0;                                 // of what was sent so far
  Position acknowledged_ = 0;                        // by the peer; beyond end_ where the trace has a hole
  std::vector<std::pair<Position, Position>> gaps_;  // not seen, before end_
  std::optional<std::uint8_t> scale_;                // of the windows that it offers, from its SYN
  bool peer_scales_ = false;                         // as does its peer: only then it counts
  std::optional<std::uint64_t> window_;              // offered last, in bytes
  std::vector<Piece> pieces_;
  std::vector<std::size_t> packets_;
};

}  // namespace wirelab::capture
