// wirelab run: a scenario in a private lab, from nothing to the verdict.
#include <algorithm>
#include <exception>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "capture/ladder.hpp"
#include "capture/output_file.hpp"
#include "capture/scene.hpp"
#include "lab/net/door.hpp"
#include "lab/net/lab_root.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/lab_options.hpp"
#include "scenarios/cli/narrator.hpp"
#include "scenarios/cli/stack_options.hpp"
#include "scenarios/cli/suggest.hpp"
#include "scenarios/hygiene.hpp"

namespace wirelab::cli {
namespace {

const scenarios::Scenario& scenario_named(const std::string& name) {
  const auto& all = scenarios::all_scenarios();
  const auto found = std::ranges::find(all, name, &scenarios::Scenario::name);
  if (found != all.end()) return *found;
  std::vector<std::string> names;
  std::ranges::transform(all, std::back_inserter(names), &scenarios::Scenario::name);
  const auto meant = suggest(name, names);
  throw BadInput(fmt::format("unknown scenario '{}'{}\nwirelab list shows all scenarios", name,
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

nlohmann::json checks_as_json(const scenarios::Stage& stage) {
  auto checks = nlohmann::json::array();
  for (const auto& check : stage.checks()) {
    nlohmann::json entry{{"name", check.name}, {"ok", check.ok}, {"evidence", frames_of(check)}};
    if (!check.otherwise.empty()) entry["found"] = check.otherwise;
    checks.push_back(std::move(entry));
  }
  return checks;
}

// "run.pcapng" is "run"; another name stays whole.
std::string without_extension(const std::string& path) {
  for (const std::string_view extension : {".pcapng", ".pcap"}) {
    if (path.ends_with(extension)) return path.substr(0, path.size() - extension.size());
  }
  return path;
}

// One run: everything that lives from the building of the lab to the verdict.
class Run {
 public:
  Run(const Invocation& call, const scenarios::Scenario& scenario, Topology topology)
      : call_(call),
        scenario_(scenario),
        options_(lab_options(call.values)),
        files_(trace_files(call.values, scenario.name)),
        door_(call.values.contains("keep") ? std::optional(Door::open()) : std::nullopt),
        lab_((become_lab_root(), std::move(topology)), options_),
        interrupt_(lab_.loop()),
        trace_(lab_, trace_options()),
        stage_(lab_, trace_, settings_of(call.values)),
        narrator_(call.output) {
    // Visitors may come while the story is told.
    if (door_) add_door();
  }

  ExitCode play() {
    if (call_.output.verbose()) show_topology();
    narrator_.listen_to(lab_.journal(), stage_);
    std::exception_ptr ended;
    try {
      trace_.add_all_taps();
      trace_.start();
      scenario_.play(stage_);
    } catch (const Unmet& unmet) {
      stage_.check("the story goes as told", false, {}, unmet.what());
    } catch (const Interrupted&) {
      ended = std::current_exception();
    }
    trace_.finish();
    const auto unwritten = write_attachments();
    if (ended) stage_.check("the story was told to its end", false, {}, "it was interrupted");
    scenarios::check_hygiene(stage_);
    show();
    if (ended) std::rethrow_exception(ended);
    if (unwritten) std::rethrow_exception(unwritten);
    if (door_) keep();
    return stage_.all_hold() ? ExitCode::ok : ExitCode::check_failed;
  }

 private:
  capture::Trace::Options trace_options() const {
    return {.merged = files_.merged,
            .folder = files_.folder,
            .application = fmt::format("wirelab {}", WIRELAB_VERSION),
            .comment = fmt::format("wirelab {}: scenario {}, seed {}, poller {}", WIRELAB_VERSION, scenario_.name,
                                   options_.seed, name_of(options_.poller))};
  }

  // The loop and its handlers end with the lab, before the door.
  void add_door() {
    (void)lab_.loop().add(door_->fd(), {.read = true}, [this](Ready) { door_->answer(lab_.network()); });
  }

  // Beside the merged trace, under its name. What went wrong is told after the result, which misses that file only.
  std::exception_ptr write_attachments() {
    const auto base = without_extension(files_.merged);
    std::exception_ptr error;
    for (const auto& attachment : stage_.attachments()) {
      try {
        capture::OutputFile file(base + attachment.suffix);
        file.write(as_bytes(attachment.content));
        written_.push_back({file.path(), attachment.shows});
      } catch (...) {
        if (!error) error = std::current_exception();
      }
    }
    return error;
  }

  void show_topology() const {
    const auto text = lab_.topology().to_string();
    call_.output.line(text);
    call_.output.object({{"type", "topology"}, {"text", text}});
  }

  void show() {
    const auto& output = call_.output;
    if (wants_ladder(call_.values, output)) {
      output.line("");
      output.text(ladder());
    }
    narrator_.tables(stage_);
    output.line("\nVerdict");
    narrator_.verdict(stage_);
    if (!output.quiet()) output.text(where_to_look());
    if (output.verbose()) output.line(selector_as_text(lab_.loop()));
    output.object(result());
  }

  std::string ladder() const {
    const auto& [width, color, unicode] = call_.output.terminal();
    return capture::draw_ladder(trace_.info(), capture::pointers_to(trace_.packets()), {width, unicode, color});
  }

  std::string where_to_look() {
    const auto& style = call_.output.style();
    std::string text =
        fmt::format("\nTrace: {} ({} packets, {} lost)\n", files_.merged, trace_.packets().size(), trace_.lost());
    if (!files_.folder.empty()) text += fmt::format("One file a tap: {}\n", files_.folder);
    for (const auto& file : written_) text += fmt::format("{}: {}\n", file.shows, file.path);
    text += fmt::format(
        "  wirelab show {0}\n  wirelab show --ladder --unfold {0}\n"
        "  wireshark {0}      or: tshark -N n -r {0}\n",
        files_.merged);
    if (!stage_.filters().empty()) text += "Display filters to try:\n";
    std::size_t widest = 0;
    for (const auto& filter : stage_.filters()) widest = std::max(widest, filter.expression.size());
    for (const auto& [expression, shows] : stage_.filters())
      text += fmt::format("  {}{:{}}{}\n", style.accent(expression), "", widest - expression.size() + 2, shows);
    return text;
  }

  nlohmann::json result() {
    nlohmann::json json{{"type", "result"},
                        {"scenario", scenario_.name},
                        {"ok", stage_.all_hold()},
                        {"packets", trace_.packets().size()},
                        {"lost", trace_.lost()},
                        {"checks", checks_as_json(stage_)},
                        {"pcap", files_.merged},
                        {"seed", options_.seed},
                        {"selector", selector_as_json(lab_.loop())}};
    if (!files_.folder.empty()) json["pcap_dir"] = files_.folder;
    for (const auto& file : written_) json["files"].push_back(file.path);
    return json;
  }

  // As `wirelab shell` names it.
  static std::string lab_name() { return std::to_string(::getpid()); }

  void keep() {
    call_.output.object({{"type", "kept"}, {"lab", lab_name()}});
    call_.output.line(fmt::format("\nLab {} stays up until Ctrl-C. In another terminal:", lab_name()));
    for (const auto& host : lab_.network().hosts())
      call_.output.line(fmt::format("  wirelab shell {0}      wirelab exec {0} -- ip address", host.name()));
    call_.output.flush();
    wait_for_interrupt(lab_.loop());
  }

  // An attachment on the disk.
  struct Written {
    std::string path;
    std::string shows;
  };

  const Invocation& call_;
  const scenarios::Scenario& scenario_;
  Lab::Options options_;
  TraceFiles files_;
  std::optional<Door> door_;  // opened before the process leaves the machine's own network namespace
  Lab lab_;
  Interrupt interrupt_;
  capture::Trace trace_;
  scenarios::Stage stage_;
  Narrator narrator_;
  std::vector<Written> written_;
};

ExitCode run(const Invocation& call) {
  const auto& scenario = scenario_named(call.arguments[0]);
  auto topology = scenario.topology(settings_of(call.values));
  if (call.values.contains("explain")) {
    explain(call.output, scenario, topology);
    return ExitCode::ok;
  }
  return Run(call, scenario, std::move(topology)).play();
}

po::options_description run_options() {
  po::options_description options("Of the run");
  options.add(story_options()).add(trace_file_options()).add(lab_only_options()).add(loop_options());
  return options;
}

}  // namespace

Command run_command() {
  return {.name = "run",
          .arguments = "SCENARIO",
          .summary = "play a scenario in a private lab",
          .options = run_options,
          .least_arguments = 1,
          .most_arguments = 1,
          .run = run};
}

}  // namespace wirelab::cli
