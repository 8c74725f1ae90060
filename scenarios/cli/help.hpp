// help: what --help and a refused command line show.
#pragma once

#include <string>

#include "scenarios/cli/command.hpp"

namespace wirelab::cli {

// "wirelab run SCENARIO"; of a command without a name "wirelab COMMAND".
std::string usage_of(const Command& command);
// All commands, what holds everywhere, the exit codes.
std::string overview();
// One command with its options.
std::string help_of(const Command& command);

}  // namespace wirelab::cli
