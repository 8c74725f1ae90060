// wirelab run: a scenario in a private lab.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/error.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/link_options.hpp"
#include "scenarios/cli/playing.hpp"
#include "scenarios/cli/story_options.hpp"
#include "scenarios/cli/suggest.hpp"

namespace wirelab::cli {
namespace {

const scenarios::Scenario& scenario_named(const std::string& name) {
  const auto& all = scenarios::all_scenarios();
  const auto found = std::ranges::find(all, name, &scenarios::Scenario::name);
  if (found != all.end()) return *found;
  std::vector<std::string> names;
  std::ranges::transform(all, std::back_inserter(names), &scenarios::Scenario::name);
  const auto meant = suggest(name, names);
  throw BadInput(fmt::format("unknown scenario '{}'{}\nwirelab list shows all scenarios", printable(name),
                             meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
}

void explain(const Output& output, const scenarios::Scenario& scenario, const Topology& topology) {
  output.line(
      fmt::format("{}: {}\n\n{}\n\n{}", scenario.name, scenario.teaches, scenario.explanation, topology.to_string()));
  output.object({{"type", "explanation"},
                 {"scenario", scenario.name},
                 {"teaches", scenario.teaches},
                 {"text", scenario.explanation},
                 {"topology", topology.to_string()}});
}

ExitCode run(const Invocation& call) {
  const auto& scenario = scenario_named(call.arguments[0]);
  const auto settings = settings_of(call.values, scenario);
  auto topology = scenario.topology(settings);
  impair_links(topology, call.values, scenario);
  if (call.values.contains("explain")) {
    explain(call.output, scenario, topology);
    return ExitCode::ok;
  }
  return Playing(call, scenario, settings, std::move(topology)).play();
}

po::options_description with_options_of_all(const po::options_description& story) {
  po::options_description options;
  options.add(story).add(link_options()).add(trace_file_options()).add(lab_only_options()).add(loop_options());
  return options;
}

// Of one scenario there is less to know.
Command about(const Command& command, const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return command;
  const auto& scenario = scenario_named(arguments[0]);
  auto one = command;
  one.arguments = scenario.name;
  one.summary = fmt::format("{}: {}", scenario.name, scenario.teaches);
  one.options = [&scenario] { return with_options_of_all(story_options(scenario)); };
  return one;
}

}  // namespace

Command run_command() {
  return {.name = "run",
          .arguments = "SCENARIO",
          .summary = "play a scenario in a private lab",
          .options = [] { return with_options_of_all(story_options()); },
          .least_arguments = 1,
          .most_arguments = 1,
          .run = run,
          .about = about};
}

}  // namespace wirelab::cli
