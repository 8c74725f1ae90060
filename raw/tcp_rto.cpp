#include "raw/tcp_rto.hpp"

#include <algorithm>

namespace wirelab::raw {

void TcpRto::sample(Duration round_trip) {
  if (!measured_) {
    smoothed_ = round_trip;
    variation_ = round_trip / 2;
  } else {
    const auto error = smoothed_ > round_trip ? smoothed_ - round_trip : round_trip - smoothed_;
    variation_ = (3 * variation_ + error) / 4;
    smoothed_ = (7 * smoothed_ + round_trip) / 8;
  }
  measured_ = true;
  doublings_ = 0;
  // The clock of the timestamps ticks once a millisecond.
  base_ = smoothed_ + std::max<Duration>(std::chrono::milliseconds(1), 4 * variation_);
}

void TcpRto::back_off() {
  if (value() < limits_.most) ++doublings_;
}

void TcpRto::after_lost_syn() {
  if (measured_) return;
  base_ = std::chrono::seconds(3);
  doublings_ = 0;
}

Duration TcpRto::value() const {
  auto value = std::max(base_, limits_.least);
  for (unsigned i = 0; i < doublings_ && value < limits_.most; ++i) value *= 2;
  return std::min(value, limits_.most);
}

}  // namespace wirelab::raw
