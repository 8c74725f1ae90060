#include "scenarios/cli/command.hpp"
#include "scenarios/cli/doctor.hpp"

namespace wirelab::cli {
namespace {

ExitCode examine(const Invocation& call) { return doctor(call.output); }

}  // namespace

Command doctor_command() {
  return {.name = "doctor",
          .arguments = "",
          .summary = "what this machine can do, why not, and what to do about it",
          .options = [] { return po::options_description(); },
          .run = examine};
}

}  // namespace wirelab::cli
