#include "scenarios/link_report.hpp"

#include <fmt/format.h>

namespace wirelab::scenarios {

void report_links(Stage& stage) {
  const auto& network = stage.lab.network();
  Table table{.title = fmt::format("What the emulated links did to the frames (seed {})", stage.lab.options().seed),
              .columns = {"from", "into", "frames", "lost", "queue full", "duplicated", "held back"},
              .rows = {}};
  for (const auto& line : network.line_counters()) {
    table.rows.push_back({line.host, stage.lab.host(line.host).interface(line.interface).segment,
                          std::to_string(line.entered), std::to_string(line.lost), std::to_string(line.queue_full),
                          std::to_string(line.duplicated), std::to_string(line.held_back)});
  }
  if (table.rows.empty()) return;
  stage.table(std::move(table));
  const auto failures = network.emulation_failures();
  stage.check_count("the emulated links lost nothing that they were not meant to", failures == 0,
                    fmt::format("{} frames were lost for want of time or memory", failures));
}

}  // namespace wirelab::scenarios
