#include "scenarios/cli/doctor.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/text.hpp"
#include "scenarios/cli/doctor_lab.hpp"
#include "scenarios/cli/doctor_machine.hpp"

namespace wirelab::cli {
namespace {

// "  yes  what" and beside it the reason, in as many lines as it takes; below that what to do.
void print_finding(const Output& output, const Finding& finding, std::size_t column) {
  constexpr std::size_t margin = 9;  // "  yes  " and the gap after the column
  constexpr std::size_t least_width = 30;
  const auto& style = output.style();
  const auto left = margin + column;
  const auto width = std::max(least_width, output.terminal().width - std::min(left, output.terminal().width));
  const bool failed = !finding.ok && finding.otherwise != ExitCode::ok;
  const auto mark = finding.ok ? style.good("yes") : failed ? style.bad("no ") : style.bold("no ");
  auto head = fmt::format("  {}  {:{}}  ", mark, finding.what, column);
  const auto indent = std::string(left, ' ');
  for (const auto& line : wrap(finding.why, width)) output.line(std::exchange(head, indent).append(line));
  if (finding.ok || finding.todo.empty()) return;
  const auto todo = "-> " + finding.todo;
  for (const auto& line : wrap(todo, width)) output.line(indent + style.faint(line));
}

}  // namespace

std::vector<Finding> examine_machine() {
  std::vector<Finding> findings;
  const Report keep = [&](Finding finding) { findings.push_back(std::move(finding)); };
  in_child(keep, "private network", examine_lab);
  in_child(keep, "this process", examine_machine_itself);
  return findings;
}

nlohmann::json to_json(const Finding& finding) {
  return {{"type", "finding"},
          {"section", finding.section},
          {"what", finding.what},
          {"ok", finding.ok},
          {"why", finding.why},
          {"todo", finding.ok ? "" : finding.todo},
          {"needed", finding.otherwise != ExitCode::ok}};
}

ExitCode verdict(const std::vector<Finding>& findings) {
  const auto bad = std::ranges::find_if(
      findings, [](const Finding& finding) { return !finding.ok && finding.otherwise != ExitCode::ok; });
  return bad == findings.end() ? ExitCode::ok : bad->otherwise;
}

void print_findings(const Output& output, const std::vector<Finding>& findings) {
  std::size_t column = 0;
  for (const auto& finding : findings) column = std::max(column, finding.what.size());
  std::string section;
  for (const auto& finding : findings) {
    output.object(to_json(finding));
    if (section != finding.section) output.line(output.style().bold(section = finding.section));
    print_finding(output, finding, column);
  }
  const bool ok = verdict(findings) == ExitCode::ok;
  output.line(ok ? output.style().good("The main job can run: wirelab run ping")
                 : output.style().bad("The main job cannot run here: see the lines marked no"));
  output.object({{"type", "result"}, {"ok", ok}});
}

ExitCode doctor(const Output& output) {
  const auto findings = examine_machine();
  print_findings(output, findings);
  return verdict(findings);
}

}  // namespace wirelab::cli
