// When to send again: the retransmission timer's time-out (RFC 6298). Public, pure.
#pragma once

#include "lab/base/clock.hpp"

namespace wirelab::raw {

class TcpRto {
 public:
  struct Limits {
    Duration initial = std::chrono::seconds(1);       // before a round trip was measured
    Duration least = std::chrono::milliseconds(200);  // Linux'; the RFC would rather have a second
    Duration most = std::chrono::seconds(60);
  };

  explicit TcpRto(const Limits& limits) : limits_(limits), base_(limits.initial) {}

  // A measured round trip, never of a segment that was sent twice (Karn's algorithm). Ends the backing off.
  void sample(Duration round_trip);
  // The timer expired: the next time-out is twice as long.
  void back_off();
  // The SYN had to be sent again and nothing was measured yet: three seconds for the data (RFC 6298, 5.7).
  void after_lost_syn();

  [[nodiscard]] Duration value() const;
  // Smoothed; zero until there was a sample.
  [[nodiscard]] Duration round_trip() const { return smoothed_; }

 private:
  Limits limits_;
  Duration base_;
  Duration smoothed_{}, variation_{};
  bool measured_ = false;
  unsigned doublings_ = 0;
};

}  // namespace wirelab::raw
