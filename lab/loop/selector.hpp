// Selector: one loop over many descriptors, with select (the default and the reference), poll or epoll behind it.
// Public.
//
// The selector owns neither descriptors nor what they belong to: remove a descriptor before closing it. It may be used
// from one thread; post() alone may be called from any. Callbacks run inside turn(); they may add, modify and remove
// any descriptor and timer, but they may not turn the loop again (std::logic_error). An exception of a callback leaves
// turn() at once and the selector stays usable: what was not yet run is run by a later turn.
//
// Readiness can be false (a UDP datagram with a bad checksum), so descriptors should be non-blocking.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "lab/base/clock.hpp"
#include "lab/loop/mailbox.hpp"
#include "lab/loop/poller.hpp"
#include "lab/loop/timer_queue.hpp"

namespace wirelab {

// With neither read nor write the descriptor is paused: nothing of it is reported, not even a hang-up.
struct Interest {
  bool read = false;
  bool write = false;
  // Edge-triggered: epoll only, for the lesson; with the others std::logic_error.
  bool edge = false;
  friend bool operator==(const Interest&, const Interest&) = default;
};

// What the kernel reports, in terms that all three can tell. Only what was asked for is reported, but error and hang-up
// also set readable and writable where asked: the next read or write tells the cause. (A mere hang-up, with no room to
// write, makes select report readable alone.)
struct Ready {
  bool readable = false;
  bool writable = false;
  bool error = false;    // POLLERR; select cannot tell
  bool hang_up = false;  // POLLHUP or POLLRDHUP; select cannot tell
  // The descriptor is not open: reported once, after which the registration is gone. epoll forgets a closed descriptor
  // in silence and notices only when it is modified.
  bool invalid = false;
  friend bool operator==(const Ready&, const Ready&) = default;
};

class Waiter;

class Selector {
 public:
  // Names one registration; a reused slot has another generation, so that stale events and calls are recognised.
  struct Token {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;  // 0 names nothing
    friend bool operator==(const Token&, const Token&) = default;
  };
  using TimerId = TimerQueue::Id;
  using Callback = std::function<void(Ready)>;
  using Task = std::function<void()>;

  struct Stats {
    std::uint64_t waits = 0;  // system calls that waited
    // Descriptors that were looked through to find the ready ones: with select and poll all that are not paused, with
    // epoll only the ready ones. The selector's own wake-up descriptor counts.
    std::uint64_t scanned = 0;
    std::uint64_t events = 0;  // callbacks of descriptors
    std::uint64_t timers = 0;  // timer callbacks
    std::uint64_t posts = 0;   // posted tasks
  };

  static std::unique_ptr<Selector> make(Poller poller = Poller::select);
  ~Selector();
  Selector(const Selector&) = delete;
  Selector& operator=(const Selector&) = delete;

  // Registers `fd`. Throws std::logic_error for a negative or already registered fd, std::system_error for one that is
  // not open. Level-triggered unless `interest` says edge; a regular file is always ready.
  [[nodiscard]] Token add(int fd, Interest interest, Callback callback);
  // Throws std::logic_error if `token` names nothing (any more).
  void modify(Token token, Interest interest);
  // Does nothing if `token` names nothing (any more).
  void remove(Token token) noexcept;

  // A timer never runs early, and timers of one time run in the order of their making.
  TimerId at(SteadyTime when, Task task);
  TimerId after(Duration delay, Task task);
  // Runs first after one period (above zero) and keeps that beat; beats that were missed are skipped.
  TimerId every(Duration period, Task task);
  // Does nothing if `id` names nothing (any more).
  void cancel(TimerId id) noexcept;

  // Runs `task` in a later turn. May be called from any thread; wakes a turn that waits.
  void post(Task task);

  // Waits until something is ready, but at most for `limit` (Duration::max(): without limit; negative: not at all), and
  // runs everything that is ready then. True if anything ran. A signal ends the wait early.
  bool turn(Duration limit);
  // Turns until met() or for `limit`; true if met.
  bool run_until(const std::function<bool()>& met, Duration limit);
  // Turns until stop(). If nothing runs, stop() ends the next run() at once.
  void run();
  void stop() { stopped_ = true; }

  [[nodiscard]] Stats stats() const;
  [[nodiscard]] Poller poller() const { return poller_; }

 private:
  struct Slot {
    int fd = -1;
    std::uint32_t generation = 1;
    Interest interest;
    Callback callback;
  };
  struct Event {
    Token token;
    Ready ready;
  };
  friend class Waiter;

  explicit Selector(Poller poller);
  [[nodiscard]] Slot* find(Token token);
  void check(int fd, Interest interest) const;
  void release(Slot& slot, std::uint32_t index) noexcept;
  void wait(Duration limit);
  void deliver(const Event& event);
  void call(Token token, Ready ready);
  [[nodiscard]] std::uint64_t ran() const;

  Poller poller_;
  std::unique_ptr<Waiter> waiter_;
  Mailbox mailbox_;
  TimerQueue timers_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<bool> registered_;  // by descriptor
  std::vector<Event> events_;     // of the last wait; those before next_event_ are delivered
  std::size_t next_event_ = 0;
  bool turning_ = false;
  bool stopped_ = false;
  std::uint64_t waits_ = 0;
  std::uint64_t scanned_ = 0;
  std::uint64_t delivered_ = 0;
};

}  // namespace wirelab
