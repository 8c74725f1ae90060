// The two clocks of the lab. Public.
//
// Deadlines and timers use the steady clock. Stamps are wall-clock nanoseconds, because that is what the kernel puts on
// captured packets: all taps share one clock, so stamps of different taps may be compared.
#pragma once

#include <chrono>

namespace wirelab {

using SteadyTime = std::chrono::steady_clock::time_point;
using Duration = std::chrono::nanoseconds;
// Since 1970-01-01 UTC.
using Stamp = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

inline Stamp stamp_now() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

}  // namespace wirelab
