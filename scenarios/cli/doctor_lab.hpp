// What a private network can do here: each thing is done in one, in a child process. Part of doctor.
#pragma once

#include "scenarios/cli/finding.hpp"

namespace wirelab::cli {

// To be called in a child with one thread (in_child): it becomes lab root for good. What is sent, one ping, stays
// within the private network.
void examine_lab(const Report& report);

}  // namespace wirelab::cli
