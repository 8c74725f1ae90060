#include "scenarios/link_report.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace wirelab::scenarios {

namespace {

using Fate = EmulatedFrame::Fate;

// As the trace has it: frames of a time when nobody captured any more are left out.
std::string count(const Stage& stage, const LineCounters& line, Fate fate) {
  return std::to_string(std::ranges::count_if(stage.lab.journal().emulated(), [&](const EmulatedFrame& frame) {
    return frame.host == line.host && frame.interface == line.interface && frame.fate == fate;
  }));
}

}  // namespace

void report_links(Stage& stage) {
  const auto& network = stage.lab.network();
  Table table{.title = fmt::format("What the emulated links did to the frames (seed {})", stage.lab.options().seed),
              .columns = {"from", "into", "frames", "lost", "queue full", "duplicated", "held back"},
              .rows = {}};
  for (const auto& line : network.line_counters()) {
    table.rows.push_back({line.host, stage.lab.host(line.host).interface(line.interface).segment,
                          std::to_string(line.entered), count(stage, line, Fate::lost),
                          count(stage, line, Fate::queue_full), count(stage, line, Fate::duplicated),
                          count(stage, line, Fate::held_back)});
  }
  if (table.rows.empty()) return;
  stage.table(std::move(table));
  const auto failures = network.emulation_failures();
  stage.check_count("the emulated links lost nothing that they were not meant to", failures == 0,
                    fmt::format("{} frames were lost, or not told of, for want of time or memory", failures));
}

}  // namespace wirelab::scenarios
