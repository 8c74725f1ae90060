// Pace: how fast a peer may speak. Public, pure.
//
// So many messages at once, and so many a second in the long run. Who is faster is not heard for a moment, until a
// part of what it may say at once is free again: its messages wait in its own windows, and none is lost.
#pragma once

#include <algorithm>

#include "lab/base/clock.hpp"

namespace wirelab {

struct PaceLimit {
  unsigned burst = 0;      // messages at once; 0: no limit
  Duration interval = {};  // that each takes in the long run
};

class Pace {
 public:
  // Counts a message that came at `now`; how long nothing more is to be heard: zero unless the burst is used up.
  Duration count(const PaceLimit& limit, SteadyTime now) {
    if (limit.burst == 0) return {};
    paid_until_ = std::max(paid_until_, now) + limit.interval;
    const auto ahead = paid_until_ - now;
    if (ahead < limit.burst * limit.interval) return {};
    return std::max(ahead - least_used(limit.burst) * limit.interval, Duration(1));
  }

 private:
  // Of the burst, when a peer is heard again: one wake is for many messages.
  static unsigned least_used(unsigned burst) { return burst - (burst + 9) / 10; }

  SteadyTime paid_until_;
};

}  // namespace wirelab
