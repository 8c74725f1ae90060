// TcpReceiveHalf: the octets that come in, in whatever order, and the window that is open for them (RFC 9293, 3.3.1,
// 3.8.6). Public, pure.
//
//     read      ready        RCV.NXT    fragments          edge
//   ---------|==============|----------[====]-----[==]------|------
//             waits to be     missing   out of order         beyond the window
//             read
//
// What waits and what is open together never exceed the buffer, so that no peer can make it grow.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lab/base/bytes.hpp"
#include "raw/tcp_segment.hpp"

namespace wirelab::raw {

class TcpReceiveHalf {
 public:
  // `buffer` octets; `segment` is what the peer sends at most in one.
  TcpReceiveHalf(std::uint32_t buffer, std::uint32_t segment) : buffer_(buffer), segment_(segment) {}

  // The peer's SYN: what follows it comes next.
  void begin(Sequence initial);
  // The peer's window shift is known from here on: windows are told in units of 1 << `shift`.
  void scale(std::uint8_t shift) { shift_ = shift; }

  // Whether any of the segment lies in the window (RFC 9293, 3.10.7.4, first check).
  [[nodiscard]] bool accepts(const TcpSegment& segment) const;
  enum class Took {
    nothing,       // it was there before, or lies beyond the window or the end
    in_order,      // there is more to read, or the end was reached
    filled_a_gap,  // the same, and more than the segment's own octets
    out_of_order,  // kept for later
  };
  // Octets and FIN of a segment that accepts() lets through.
  Took take(const TcpSegment& segment);

  // All that is ready.
  Bytes read();
  [[nodiscard]] std::size_t ready() const { return ready_.size(); }
  [[nodiscard]] Sequence next() const { return next_; }
  // The peer's FIN came, and everything before it.
  [[nodiscard]] bool ended() const { return ended_; }

  // Opens the window as far as there is room; its right edge never moves back (RFC 9293, 3.8.6), and forward only by
  // as much as is worth telling (3.8.6.2.2). Returns whether it moved.
  bool open();
  // Octets that are open.
  [[nodiscard]] std::uint32_t window() const { return edge_.number - next_.number; }
  // The same for a header. What a shifted field cannot tell is rounded up, as Linux does, and then accepted too.
  [[nodiscard]] std::uint16_t tell_window(bool scaled);
  // What was kept out of order, the block with the latest first (RFC 2018, 4).
  [[nodiscard]] std::vector<SequenceRange> sack_blocks(std::size_t most) const;

 private:
  struct Fragment {
    Sequence first;
    Bytes bytes;
    [[nodiscard]] Sequence end() const { return first + static_cast<std::uint32_t>(bytes.size()); }
  };
  [[nodiscard]] std::uint32_t room() const;
  bool keep(Sequence first, ByteView bytes);
  bool keep_piece(std::size_t position, Sequence first, ByteView bytes);
  void note_end(const TcpSegment& segment);
  void drain();

  std::uint32_t buffer_, segment_;
  std::uint8_t shift_ = 0;
  Sequence next_, edge_;
  Bytes ready_;
  std::vector<Fragment> fragments_;  // in order, apart from each other or touching
  Sequence latest_;                  // within the fragment that came last
  std::optional<Sequence> end_;      // where the peer's FIN stands
  bool ended_ = false;
};

}  // namespace wirelab::raw
