// Interrupt: Ctrl-C and a request to end, as an event of the one loop.
#pragma once

#include "lab/base/unique_fd.hpp"
#include "lab/loop/selector.hpp"

namespace wirelab::cli {

// From construction to destruction SIGINT, SIGTERM and SIGHUP arrive through the selector, where they throw Interrupted
// out of whatever waits. The selector outlives it.
class Interrupt {
 public:
  explicit Interrupt(Selector& loop);
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

 private:
  Selector& loop_;
  UniqueFd signals_;
  Selector::Token token_;
};

// Turns the loop until one of these signals comes.
void wait_for_interrupt(Selector& loop);

}  // namespace wirelab::cli
