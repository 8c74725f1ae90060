// Waiter: the one thing in which select, poll and epoll differ. The selector's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <vector>

#include <poll.h>

#include "lab/loop/selector.hpp"

namespace wirelab {

class Waiter {
 public:
  using Token = Selector::Token;
  using Event = Selector::Event;

  static std::unique_ptr<Waiter> make(Poller poller);
  Waiter() = default;
  virtual ~Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // Starts to watch `fd`, or changes what is asked. At least one of read and write is asked.
  virtual void watch(int fd, Interest interest, Token token) = 0;
  // Does nothing if `fd` is not watched; it may be closed already.
  virtual void forget(int fd) noexcept = 0;
  // Waits at most `limit` (not negative), appends what is ready, and returns how many descriptors were looked through.
  // May report more than was asked for. Nothing after a signal.
  virtual std::size_t wait(Duration limit, std::vector<Event>& events) = 0;
};

std::unique_ptr<Waiter> make_select_waiter();
std::unique_ptr<Waiter> make_poll_waiter();
std::unique_ptr<Waiter> make_epoll_waiter();

constexpr timespec to_timespec(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {static_cast<time_t>(seconds.count()), static_cast<long>((duration - seconds).count())};
}

// POLLRDHUP only with read: a connection that only writes has no use for the end of what it does not read, and could
// not switch the report off.
constexpr std::uint32_t poll_bits(Interest interest) {
  return (interest.read ? POLLIN | POLLRDHUP : 0U) | (interest.write ? POLLOUT : 0U);
}

constexpr Ready ready_from(std::uint32_t bits) {
  Ready ready;
  ready.error = (bits & POLLERR) != 0;
  ready.hang_up = (bits & (POLLHUP | POLLRDHUP)) != 0;
  ready.invalid = (bits & POLLNVAL) != 0;
  ready.readable = (bits & POLLIN) != 0 || ready.error || ready.hang_up;
  ready.writable = (bits & (POLLOUT | POLLERR | POLLHUP)) != 0;
  return ready;
}

}  // namespace wirelab
