#include "lab/loop/timer_queue.hpp"

#include <stdexcept>

namespace wirelab {

TimerQueue::Id TimerQueue::add(SteadyTime when, Duration period, Task task) {
  if (!task) throw std::logic_error("a timer without a task");
  const auto id = ++last_id_;
  timers_.emplace(id, Timer{when, period, std::make_shared<const Task>(std::move(task))});
  queue_.emplace(when, id);
  return {id};
}

void TimerQueue::cancel(Id id) noexcept {
  const auto found = timers_.find(id.value);
  if (found == timers_.end()) return;
  queue_.erase({found->second.when, id.value});
  timers_.erase(found);
}

std::optional<SteadyTime> TimerQueue::next() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->first;
}

void TimerQueue::run(SteadyTime now) {
  due_.clear();
  for (const auto& [when, id] : queue_) {
    if (when > now) break;
    due_.push_back(id);
  }
  for (const auto id : due_) run_one(id, now);
}

void TimerQueue::run_one(std::uint64_t id, SteadyTime now) {
  const auto found = timers_.find(id);
  if (found == timers_.end()) return;  // cancelled by one that ran before it
  auto& timer = found->second;
  const auto task = timer.task;
  queue_.erase({timer.when, id});
  if (timer.period > Duration::zero()) {
    timer.when += ((now - timer.when) / timer.period + 1) * timer.period;
    queue_.emplace(timer.when, id);
  } else {
    timers_.erase(found);
  }
  ++ran_;
  (*task)();
}

}  // namespace wirelab
