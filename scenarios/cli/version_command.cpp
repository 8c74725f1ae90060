#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "scenarios/cli/command.hpp"

namespace wirelab::cli {
namespace {

ExitCode version(const Invocation& call) {
  call.output.line(fmt::format("wirelab {}", WIRELAB_VERSION));
  call.output.object({{"type", "version"}, {"version", WIRELAB_VERSION}});
  return ExitCode::ok;
}

}  // namespace

Command version_command() {
  return {.name = "version",
          .arguments = "",
          .summary = "the version",
          .options = [] { return po::options_description(); },
          .run = version};
}

}  // namespace wirelab::cli
