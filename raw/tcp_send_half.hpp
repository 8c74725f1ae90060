// TcpSendHalf: the octets that go out, what the peer has of them, and what may be sent now or must be sent again
// (RFC 9293, 3.3.1, 3.8.6; RFC 5681; RFC 6675 made simple). Public, pure.
//
//    acknowledged   under way       open           later
//   --------------|===[##]=====|-----------------|---------
//              SND.UNA      SND.NXT         SND.UNA + SND.WND
//                     what the peer has by SACK
//
// The SYN stands before the first octet and the FIN after the last one, each with a sequence number. SND.NXT never goes
// back: what must be sent again is a range below it, which is gone through once for each loss that is noticed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lab/base/bytes.hpp"
#include "raw/tcp_congestion.hpp"
#include "raw/tcp_segment.hpp"

namespace wirelab::raw {

class TcpSendHalf {
 public:
  // At most `buffer` octets wait and are under way.
  TcpSendHalf(Sequence initial, std::size_t buffer)
      : una_(initial), nxt_(initial), start_(initial + 1), room_(buffer) {}

  // The SYN went out. Then SND.NXT is behind it.
  void syn_sent() { nxt_ = start_; }
  // The most octets of a segment, and whether the peer tells of gaps, once both sides' options are known.
  void begin(std::uint32_t segment, bool sack);

  // Takes as many octets as there is room for and returns their number.
  std::size_t queue(ByteView bytes);
  // No octet follows; the FIN does.
  void queue_fin() { fin_queued_ = true; }

  struct Piece {
    Sequence first;
    Bytes payload;
    bool fin = false;
    bool last = false;   // nothing is queued behind it: worth a PSH
    bool again = false;  // it was sent before
  };
  // What is to be sent now, if anything; it counts as sent.
  std::optional<Piece> next();
  // One octet in spite of a closed window (RFC 9293, 3.8.6.1). Needs has_something().
  Piece probe();
  // Octets that are queued, from `first` on; nothing counts as sent.
  [[nodiscard]] Piece slice(Sequence first, std::size_t size) const {
    return cut(first, first + static_cast<std::uint32_t>(size));
  }
  // All that is queued counts as sent.
  void count_as_sent() { nxt_ = queue_end(); }

  enum class Ack {
    never_sent,  // beyond SND.NXT
    too_old,     // before anything that the peer could still tell of (RFC 5961, 5.2)
    duplicate,   // nothing new
    new_octets,  // SND.UNA moved
  };
  // The acknowledgement, window and SACK blocks of a segment that is acceptable otherwise; `window` is scaled.
  Ack acknowledge(const TcpSegment& segment, std::uint32_t window);
  // The timer ran out: all that is under way counts as lost, also what the peer had by SACK (RFC 2018, 8).
  void timeout();

  [[nodiscard]] Sequence una() const { return una_; }
  [[nodiscard]] Sequence nxt() const { return nxt_; }
  // Behind all that is queued, the FIN included.
  [[nodiscard]] Sequence queue_end() const { return data_end() + (fin_queued_ ? 1U : 0U); }
  [[nodiscard]] Sequence window_end() const { return una_ + window_; }
  [[nodiscard]] bool window_is_closed() const { return window_ == 0; }
  [[nodiscard]] bool is_under_way() const { return una_ != nxt_; }
  // Sent and not acknowledged, or not sent yet.
  [[nodiscard]] bool has_something() const { return una_ != queue_end(); }
  [[nodiscard]] bool fin_queued() const { return fin_queued_; }
  [[nodiscard]] bool fin_acknowledged() const { return fin_queued_ && una_ == queue_end(); }
  [[nodiscard]] std::size_t room() const { return room_ - octets_.size(); }
  [[nodiscard]] std::uint64_t fast_retransmits() const { return fast_retransmits_; }

 private:
  [[nodiscard]] Sequence data_end() const { return start_ + static_cast<std::uint32_t>(octets_.size()); }
  [[nodiscard]] std::uint32_t in_network() const;
  [[nodiscard]] std::uint32_t missing_within(SequenceRange range) const;
  [[nodiscard]] bool has_missing_again() const { return again_.first < again_.end; }
  [[nodiscard]] Piece cut(Sequence first, Sequence end) const;
  std::optional<Piece> next_again();
  std::optional<Piece> next_new();
  void advance(Sequence acknowledged);
  void update_window(const TcpSegment& segment, std::uint32_t window);
  void note_sack(const TcpSegment& segment);
  void notice_loss(bool moved, bool is_duplicate);
  void send_again_below(Sequence end);

  Sequence una_, nxt_;
  Sequence start_;  // of octets_
  Bytes octets_;
  std::size_t room_;
  bool fin_queued_ = false;

  std::uint32_t window_ = 0, greatest_window_ = 0;
  Sequence wl1_, wl2_;  // of the segment that told the window (RFC 9293, 3.10.7.4)
  bool window_told_ = false;

  std::uint32_t segment_ = 536;
  bool sack_ = false;
  TcpCongestion congestion_{segment_};
  std::vector<SequenceRange> sacked_;  // in order, apart from each other, all between UNA and NXT
  SequenceRange again_{una_, una_};    // sent once and lost; what is in sacked_ excepted
  Sequence recover_{una_};             // losses below it are known and being mended
  unsigned duplicates_ = 0;
  bool urgent_ = false;  // the next piece of again_ goes out whatever the congestion window says
  std::uint64_t fast_retransmits_ = 0;
};

}  // namespace wirelab::raw
