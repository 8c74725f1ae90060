#include "lab/services/heartbeat.hpp"

#include <algorithm>

namespace wirelab {

std::string period_text(Duration period) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(period).count());
}

std::optional<Duration> period_in(const Message& message) {
  constexpr auto most = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(most_period).count());
  const auto number = message.number(period_key);
  if (!number || *number == 0) return std::nullopt;
  return std::chrono::milliseconds(std::min(*number, most));
}

void Heartbeat::start(Duration period) {
  stop();
  period_ = std::clamp(period, least_period, most_period);
  heard();
  timer_ = loop_.every(period_, [this] { beat(); });
}

void Heartbeat::beat() {
  if (std::chrono::steady_clock::now() - heard_ <= most_missed * period_) return events_.on_beat();
  stop();
  events_.on_silence();
}

}  // namespace wirelab
