#include "lab/stack/retry.hpp"

#include <algorithm>
#include <stdexcept>

namespace wirelab {
namespace {

// The last attempt begins at the limit, and gets so much: an answer from the other side of the world.
constexpr Duration last_attempt = std::chrono::milliseconds(250);

}  // namespace

Patience::Patience(const Retry& retry, SteadyTime now) : retry_(retry), begun_(now), pause_(retry.first) {
  if (pause_ <= Duration::zero()) throw std::logic_error("a retry needs a pause above zero");
}

std::optional<Duration> Patience::next_pause(SteadyTime now) {
  if (left(now) <= Duration::zero()) return std::nullopt;
  const auto pause = std::min(pause_, left(now));
  pause_ = pause_ > retry_.most / 2 ? retry_.most : pause_ * 2;
  return pause;
}

Duration Patience::attempt_limit(Duration usual, SteadyTime now) const {
  if (retry_.limit == Duration::zero()) return usual;
  return std::min(usual, std::max(left(now), last_attempt));
}

void Patience::renew(SteadyTime now) {
  begun_ = now;
  pause_ = retry_.first;
}

}  // namespace wirelab
