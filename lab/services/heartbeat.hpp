// Heartbeat: how both sides of a service learn that the other one is gone without a word. Public.
//
// The server tells its period with the first answer. The client says "alive" once in each period, and the server says
// it back. Who hears nothing at all for three periods gives the other one up: a host without power sends no FIN, and
// data that nobody acknowledges wait for a quarter of an hour until TCP gives up.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lab/base/clock.hpp"
#include "lab/loop/selector.hpp"
#include "lab/stack/message.hpp"

namespace wirelab {

inline constexpr std::string_view alive_type = "alive";
inline constexpr std::string_view period_key = "period";  // in milliseconds, rounded up
inline constexpr int most_missed = 3;                     // periods
// What a server may demand; a client takes anything else for the nearest of these.
inline constexpr Duration least_period = std::chrono::milliseconds(10);
inline constexpr Duration most_period = std::chrono::hours(1);
std::string period_text(Duration period);
// What a server's message says of its period; nothing if that makes no sense.
std::optional<Duration> period_in(const Message& message);

// The client's half.
class Heartbeat {
 public:
  struct Events {
    std::function<void()> on_beat;     // say "alive"
    std::function<void()> on_silence;  // the server is gone; no beat follows
  };
  // Both are called from the loop only and may not destroy the heartbeat.
  Heartbeat(Selector& loop, Events events) : loop_(loop), events_(std::move(events)) {}
  ~Heartbeat() { stop(); }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // From now on once in each period, as the server told it.
  void start(Duration period);
  void stop() noexcept { loop_.cancel(timer_); }
  // Anything came from the server.
  void heard() { heard_ = std::chrono::steady_clock::now(); }

 private:
  void beat();

  Selector& loop_;
  Events events_;
  Selector::TimerId timer_;
  Duration period_{};
  SteadyTime heard_;
};

}  // namespace wirelab
