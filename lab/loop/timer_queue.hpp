// TimerQueue: what is to run when. The selector's own; it reads no clock, so the time goes in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lab/base/clock.hpp"

namespace wirelab {

class TimerQueue {
 public:
  // 0 names nothing.
  struct Id {
    std::uint64_t value = 0;
    friend bool operator==(const Id&, const Id&) = default;
  };
  using Task = std::function<void()>;

  // Runs `task` once at `when`, or with a period above zero again and again in that beat.
  Id add(SteadyTime when, Duration period, Task task);
  void cancel(Id id) noexcept;
  // When the next one is due.
  [[nodiscard]] std::optional<SteadyTime> next() const;
  // Runs what is due at `now`, in the order of time and then of making. What is added meanwhile waits for the next
  // run. If a task throws, those after it stay due.
  void run(SteadyTime now);
  // How many tasks were run so far.
  [[nodiscard]] std::uint64_t ran() const { return ran_; }

 private:
  struct Timer {
    SteadyTime when;
    Duration period{};
    std::shared_ptr<const Task> task;  // shared with the run that is under way: a task may cancel itself
  };
  void run_one(std::uint64_t id, SteadyTime now);

  std::unordered_map<std::uint64_t, Timer> timers_;
  std::set<std::pair<SteadyTime, std::uint64_t>> queue_;
  std::vector<std::uint64_t> due_;
  std::uint64_t last_id_ = 0;
  std::uint64_t ran_ = 0;
};

}  // namespace wirelab
