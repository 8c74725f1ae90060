#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "scenarios/cli/command.hpp"
#include "scenarios/scenario.hpp"

namespace wirelab::cli {
namespace {

ExitCode list(const Invocation& call) {
  for (const auto& scenario : scenarios::all_scenarios()) {
    call.output.line(fmt::format("{:<12}{}", scenario.name, scenario.teaches));
    call.output.object({{"type", "scenario"}, {"name", scenario.name}, {"teaches", scenario.teaches}});
  }
  return ExitCode::ok;
}

}  // namespace

Command list_command() {
  return {.name = "list",
          .arguments = "",
          .summary = "the scenarios, and what each teaches",
          .options = [] { return po::options_description(); },
          .run = list};
}

}  // namespace wirelab::cli
