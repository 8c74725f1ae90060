// Retry: when what has failed is tried again, and until when. Public, pure.
#pragma once

#include <optional>

#include "lab/base/clock.hpp"

namespace wirelab {

// After pauses that double from `first` (above zero) to `most`, until `limit` has passed. Zero: there is one attempt
// only; Duration::max(): without end.
struct Retry {
  Duration first = std::chrono::milliseconds(100);
  Duration most = std::chrono::seconds(5);
  Duration limit = Duration::zero();
};

class Patience {
 public:
  // The limit counts from `now`. Throws std::logic_error for a first pause that is none.
  Patience(const Retry& retry, SteadyTime now);

  // Before the next attempt; nothing if there is none. The last pause is cut short, so that the last attempt comes at
  // the limit.
  std::optional<Duration> next_pause(SteadyTime now);
  // How long an attempt may take that may else take `usual`: not much beyond the limit, if there are several.
  [[nodiscard]] Duration attempt_limit(Duration usual, SteadyTime now) const;
  // It goes on: pauses are short again, and the limit counts from `now`.
  void renew(SteadyTime now);
  // So much of the time was nobody's failure.
  void forgive(Duration time) { begun_ += time; }

 private:
  [[nodiscard]] Duration left(SteadyTime now) const { return retry_.limit - (now - begun_); }

  Retry retry_;
  SteadyTime begun_;
  Duration pause_;
};

}  // namespace wirelab
