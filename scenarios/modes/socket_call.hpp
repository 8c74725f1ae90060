// socket_call: what a socket call gives its caller and when, in each of the modes that a socket can be in. Public.
//
// The one loop must not block, so a call that may is made by a thread of its own, which does nothing else and touches
// nothing else than the socket. It reports through the loop.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "lab/base/address.hpp"
#include "lab/base/clock.hpp"
#include "lab/base/unique_fd.hpp"
#include "lab/loop/selector.hpp"

namespace wirelab::scenarios::modes {

enum class Mode : std::uint8_t {
  blocking,      // Python: settimeout(None), setblocking(True)
  non_blocking,  // settimeout(0.0), setblocking(False)
  time_out,      // settimeout(seconds)
};

// One call as its caller saw it.
struct Outcome {
  ssize_t result = 0;  // as the system call gave it
  int error = 0;       // errno where the result is negative
  Stamp called{}, returned{};

  [[nodiscard]] Duration took() const { return returned - called; }
  [[nodiscard]] bool failed_with(int number) const { return result < 0 && error == number; }
  // "EAGAIN after 10 us", or with `done` "{} bytes", into which the result goes, "5 bytes after 203 ms".
  [[nodiscard]] std::string to_string(std::string_view done) const;
};

// "50 us", "203 ms", "3.07 s"
std::string duration_text(Duration duration);

// A socket in one mode, and the calls that are made on it, one at a time.
class Caller {
 public:
  using Call = std::function<ssize_t(int fd)>;

  // `socket` is non-blocking, as openers give it, and is put into the mode. `limit` is that of time_out, for each call.
  Caller(Selector& loop, UniqueFd socket, Mode mode, Duration limit);
  // Shuts the socket down, which ends a call that still blocks.
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] Mode mode() const { return mode_; }
  [[nodiscard]] const Endpoint& local() const { return local_; }

  // Makes the call; after one that blocks, outcome() is there when the loop has turned. Throws std::logic_error while
  // another is under way.
  void call(Call work);
  // As call(), and if the socket is non-blocking and there is nothing to do yet (EAGAIN, EINPROGRESS), waits in the
  // loop until the socket is ready, and does `then`: sequel() is its outcome, counted from the first call.
  void call_and_wait(Call work, Interest interest, Call then);
  [[nodiscard]] bool returned() const { return state_->outcome.has_value(); }
  // For the sequel, in the loop.
  [[nodiscard]] bool is_waiting() const { return token_ != Selector::Token{}; }
  // Of the last call. Throws std::bad_optional_access before it has returned.
  [[nodiscard]] const Outcome& outcome() const { return state_->outcome.value(); }
  [[nodiscard]] const std::optional<Outcome>& sequel() const { return sequel_; }

 private:
  // Outlives the caller where the loop still holds a report for it.
  struct State {
    std::optional<Outcome> outcome;
  };
  void stop_waiting();

  Selector& loop_;
  UniqueFd socket_;
  Mode mode_;
  Endpoint local_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::optional<Outcome> sequel_;
  Selector::Token token_;
  std::future<void> thread_;
};

}  // namespace wirelab::scenarios::modes
