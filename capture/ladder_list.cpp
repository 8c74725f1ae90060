#include <chrono>

#include <fmt/format.h>

#include "capture/ladder_text.hpp"
#include "lab/base/bytes.hpp"
#include "lab/base/text.hpp"

namespace wirelab::capture {
namespace {

// Lines of one paragraph, all but the first indented.
std::string paragraph(const std::string& head, const std::string& text, const LadderOptions& options, Style style) {
  constexpr std::size_t indent = 2;
  std::string lines;
  for (const auto& part : wrap_label(head + text, options.width - indent)) {
    CellRow line(options.width);
    const auto at = lines.empty() ? 0 : indent;
    line.put(at, part, style);
    if (lines.empty()) line.put(0, head, Style::strong);
    lines += line.to_string(options.color) + '\n';
  }
  return lines;
}

std::string ends_of(const Scene& scene, const Scene::Row& row, const Signs& signs) {
  const auto& from = scene.columns[row.from].name;
  const auto& to = scene.columns[row.to].name;
  if (row.from == row.to) return printable(from);
  const auto arrow = row.end != Scene::End::arrived ? signs.cross : row.both_ways ? signs.both : signs.right;
  return printable(fmt::format("{} {} {}", from, arrow, to));
}

std::string row_of(const Scene& scene, const Scene::Row& row, const LadderOptions& options) {
  const std::chrono::duration<double, std::milli> since = row.stamp - scene.rows.front().stamp;
  const auto maker = row.origin == Origin::unknown ? "" : fmt::format("{}, ", name_of(row.origin));
  return paragraph(fmt::format("{:.3f} {}  ", since.count(), ends_of(scene, row, signs_of(options))),
                   fmt::format("{} ({}frame {})", full_label(row), maker, frame_list(row.sightings, 20)), options,
                   style_of(row.origin));
}

}  // namespace

std::string draw_list(const Scene& scene, const LadderOptions& options) {
  std::string text;
  const auto head = fmt::format("{} ", signs_of(options).step);
  const auto tell = [&](const std::string& step) { text += paragraph(head, printable(step), options, Style::strong); };
  for (const auto& row : scene.rows) {
    for (const auto& step : row.steps) tell(step);
    text += row_of(scene, row, options);
  }
  for (const auto& step : scene.epilogue) tell(step);
  if (const auto note = folding_note(scene); !note.empty()) text += paragraph("", note, options, Style::faint);
  return text;
}

}  // namespace wirelab::capture
