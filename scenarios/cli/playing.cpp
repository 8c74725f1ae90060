#include "scenarios/cli/playing.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "capture/ladder.hpp"
#include "capture/scene.hpp"
#include "lab/net/lab_root.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/stack_options.hpp"
#include "scenarios/hygiene.hpp"
#include "scenarios/link_report.hpp"

namespace wirelab::cli {
namespace {

// As `wirelab shell` names it.
std::string lab_name() { return std::to_string(::getpid()); }

}  // namespace

Playing::Playing(const Invocation& call, const scenarios::Scenario& scenario, const scenarios::Settings& settings,
                 Topology topology)
    : call_(call),
      scenario_(scenario),
      options_(lab_options(call.values)),
      files_(trace_files(call.values, scenario.name)),
      door_(call.values.contains("keep") ? std::optional(Door::open()) : std::nullopt),
      lab_((become_lab_root(), std::move(topology)), options_),
      interrupt_(lab_.loop()),
      reader_(lab_.loop()),
      trace_(lab_, trace_options()),
      stage_(lab_, trace_, settings),
      narrator_(call.output),
      report_(call.output, trace_, stage_, files_) {
  // Visitors may come while the story is told.
  if (door_) add_door();
}

ExitCode Playing::play() {
  if (call_.output.verbose()) show_topology();
  narrator_.listen_to(lab_.journal(), stage_);
  const auto interrupted = tell_story();
  trace_.finish();
  const auto unwritten = report_.write_attachments();
  // Of a story that broke off more may not be demanded than what it came to.
  if (!interrupted) scenarios::check_hygiene(stage_);
  scenarios::report_links(stage_);
  show(interrupted != nullptr);
  if (interrupted) std::rethrow_exception(interrupted);
  if (unwritten) std::rethrow_exception(unwritten);
  if (door_) keep();
  return stage_.all_hold() ? ExitCode::ok : ExitCode::check_failed;
}

// Returns the interruption, if there was one.
std::exception_ptr Playing::tell_story() {
  try {
    trace_.add_all_taps();
    trace_.start();
    scenario_.play(stage_);
  } catch (const Unmet& unmet) {
    stage_.check("the story goes as told", false, {}, unmet.what());
  } catch (const Interrupted&) {
    return std::current_exception();
  }
  return nullptr;
}

capture::Trace::Options Playing::trace_options() const {
  return {.merged = files_.merged,
          .folder = files_.folder,
          .application = fmt::format("wirelab {}", WIRELAB_VERSION),
          .comment = fmt::format("wirelab {}: scenario {}, seed {}, poller {}", WIRELAB_VERSION, scenario_.name,
                                 options_.seed, name_of(options_.poller))};
}

// The loop and its handlers end with the lab, before the door.
void Playing::add_door() {
  (void)lab_.loop().add(door_->fd(), {.read = true}, [this](Ready) { door_->answer(lab_.network()); });
}

void Playing::show_topology() const {
  const auto text = lab_.topology().to_string();
  call_.output.line(text);
  call_.output.object({{"type", "topology"}, {"text", text}});
}

void Playing::show(bool interrupted) {
  const auto& output = call_.output;
  if (wants_ladder(call_.values, output)) {
    const auto& [width, color, unicode] = output.terminal();
    output.line("");
    output.text(capture::draw_ladder(trace_.info(), capture::pointers_to(trace_.packets()), {width, unicode, color}));
  }
  narrator_.tables(stage_);
  output.line(interrupted ? "\nVerdict on what was played: the story was interrupted" : "\nVerdict");
  narrator_.verdict(stage_);
  if (!output.quiet()) output.text(report_.where_to_look());
  if (output.verbose()) output.line(selector_as_text(lab_.loop()));
  auto result = report_.result(scenario_.name, options_.seed, interrupted);
  result["selector"] = selector_as_json(lab_.loop());
  output.object(result);
}

void Playing::keep() {
  const auto& output = call_.output;
  output.object({{"type", "kept"}, {"lab", lab_name()}});
  output.line(fmt::format("\nLab {} stays up until Ctrl-C. In another terminal:", lab_name()));
  for (const auto& host : lab_.network().hosts())
    output.line(fmt::format("  wirelab shell {0}      wirelab exec {0} -- ip address", host.name()));
  output.flush();
  wait_for_interrupt(lab_.loop());
}

}  // namespace wirelab::cli
