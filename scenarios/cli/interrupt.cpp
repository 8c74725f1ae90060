#include "scenarios/cli/interrupt.hpp"

#include <chrono>
#include <csignal>

#include <sys/signalfd.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "scenarios/cli/failure.hpp"

namespace wirelab::cli {
namespace {

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

Interrupt::Interrupt(Selector& loop) : loop_(loop) {
  const auto signals = ending_signals();
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  signals_.reset(check_errno(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC), "open a descriptor for signals"));
  token_ = loop_.add(signals_.get(), {.read = true}, [this](Ready) {
    signalfd_siginfo info{};
    // Taken, so that it does not kill us when the signals are let through again.
    if (::read(signals_.get(), &info, sizeof info) == sizeof info) throw Interrupted();
  });
}

Interrupt::~Interrupt() {
  loop_.remove(token_);
  const auto signals = ending_signals();
  ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
}

void wait_for_interrupt(Selector& loop) {
  try {
    while (true) loop.turn(std::chrono::hours(1));
  } catch (const Interrupted&) {
    return;
  }
}

}  // namespace wirelab::cli
