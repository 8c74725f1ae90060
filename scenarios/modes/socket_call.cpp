#include "scenarios/modes/socket_call.hpp"

#include <cerrno>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "scenarios/error_name.hpp"

namespace wirelab::scenarios::modes {
namespace {

Outcome timed(const Caller::Call& work, int fd) {
  Outcome outcome;
  outcome.called = stamp_now();
  outcome.result = work(fd);
  outcome.error = outcome.result < 0 ? errno : 0;
  outcome.returned = stamp_now();
  return outcome;
}

void let_block(int fd) {
  const int flags = check_errno(::fcntl(fd, F_GETFL), "ask for the mode of a socket");
  check_errno(::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), "make a socket block");
}

void limit_calls(int fd, Duration limit) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(limit);
  const auto rest = std::chrono::floor<std::chrono::microseconds>(limit - seconds);
  const timeval time{.tv_sec = seconds.count(), .tv_usec = rest.count()};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
    check_errno(::setsockopt(fd, SOL_SOCKET, option, &time, sizeof time), "set a socket's time-out");
}

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

}  // namespace

std::string duration_text(Duration duration) {
  const auto ms = milliseconds(duration);
  if (ms < 1) return fmt::format("{:.0f} us", ms * 1000);
  if (ms < 1000) return fmt::format("{:.0f} ms", ms);
  return fmt::format("{:.2f} s", ms / 1000);
}

std::string Outcome::to_string(std::string_view done) const {
  const auto what = result < 0 ? name_of_error(error) : fmt::format(fmt::runtime(done), result);
  return fmt::format("{} after {}", what, duration_text(took()));
}

Caller::Caller(Selector& loop, UniqueFd socket, Mode mode, Duration limit)
    : loop_(loop), socket_(std::move(socket)), mode_(mode), local_(local_endpoint(fd())) {
  if (mode != Mode::non_blocking) let_block(fd());
  if (mode == Mode::time_out) limit_calls(fd(), limit);
}

Caller::~Caller() {
  stop_waiting();
  if (!thread_.valid()) return;
  // Again and again, since a connect() that is about to begin has nothing to shut down yet.
  do {
    ::shutdown(fd(), SHUT_RDWR);
  } while (thread_.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready);
}

void Caller::stop_waiting() {
  loop_.remove(token_);
  token_ = {};
}

void Caller::call(Call work) {
  if (thread_.valid() && !returned()) throw std::logic_error("a call is under way");
  stop_waiting();
  state_->outcome.reset();
  sequel_.reset();
  if (mode_ == Mode::non_blocking) {
    state_->outcome = timed(work, fd());
    return;
  }
  thread_ = std::async(std::launch::async, [&loop = loop_, state = state_, socket = fd(), work = std::move(work)] {
    const auto outcome = timed(work, socket);
    loop.post([state, outcome] { state->outcome = outcome; });
  });
}

void Caller::call_and_wait(Call work, Interest interest, Call then) {
  call(std::move(work));
  if (mode_ != Mode::non_blocking || !(outcome().failed_with(EAGAIN) || outcome().failed_with(EINPROGRESS))) return;
  token_ = loop_.add(fd(), interest, [this, then = std::move(then)](Ready) {
    sequel_ = timed(then, fd());
    sequel_->called = outcome().called;
    stop_waiting();
  });
}

}  // namespace wirelab::scenarios::modes
