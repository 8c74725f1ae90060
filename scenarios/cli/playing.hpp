// Playing: one scenario in a private lab, from the building to the verdict. What wirelab run does.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "lab/net/door.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/lab_options.hpp"
#include "scenarios/cli/narrator.hpp"
#include "scenarios/cli/reader_watch.hpp"
#include "scenarios/cli/run_report.hpp"

namespace wirelab::cli {

class Playing {
 public:
  // Builds the lab, for which the process becomes lab root for good. Throws as Lab, Door and capture::Trace do. The
  // call and the scenario outlive it.
  Playing(const Invocation& call, const scenarios::Scenario& scenario, const scenarios::Settings& settings,
          Topology topology);

  // Tells the story while it is played, then ladder and verdict. An interruption goes on after what was told until
  // then; with --keep the lab stays up until another one, which is an end like any.
  ExitCode play();

 private:
  [[nodiscard]] capture::Trace::Options trace_options() const;
  void add_door();
  std::exception_ptr tell_story();
  void show_topology() const;
  void show(bool interrupted);
  void keep();

  const Invocation& call_;
  const scenarios::Scenario& scenario_;
  Lab::Options options_;
  TraceFiles files_;
  std::optional<Door> door_;  // opened before the process leaves the machine's own network namespace
  Lab lab_;
  Interrupt interrupt_;
  ReaderWatch reader_;
  capture::Trace trace_;
  scenarios::Stage stage_;
  Narrator narrator_;
  RunReport report_;
};

}  // namespace wirelab::cli
