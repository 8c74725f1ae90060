// Narrator: tells a run while it happens, as text for a person or as JSON for a program.
#pragma once

#include "scenarios/cli/output.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::cli {

class Narrator {
 public:
  explicit Narrator(const Output& output) : output_(output) {}

  // From now on steps, notes, replies and checks are told as they come. The narrator outlives both.
  void listen_to(Journal& journal, scenarios::Stage& stage);
  // What the story put into tables, after the ladder.
  void tables(const scenarios::Stage& stage) const;
  // The checks with the frames that prove them, once frames have their numbers.
  void verdict(const scenarios::Stage& stage) const;

 private:
  void step(const std::string& text);

  const Output& output_;
  std::size_t steps_ = 0;
};

// An answered echo request, as a line or an object.
void tell_reply(const Output& output, const scenarios::EchoReply& reply);
// The frame numbers of the merged file that prove a check, in order.
std::vector<std::size_t> frames_of(const scenarios::Check& check);

}  // namespace wirelab::cli
