#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "capture/ladder.hpp"
#include "capture/ladder_text.hpp"
#include "capture/scene.hpp"
#include "lab/base/bytes.hpp"

namespace wirelab::capture {
namespace {

// Mermaid reads a semicolon as the end of a line, # as the start of an entity and < as HTML.
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char letter : printable(text)) {
    if (letter == ';' || letter == '#' || letter == '<' || letter == '>') {
      safe += fmt::format("#{};", static_cast<int>(letter));
    } else {
      safe += letter;
    }
  }
  return safe;
}

std::string_view arrow_of(const Scene::Row& row) {
  if (row.both_ways) return "<<->>";
  return row.end == Scene::End::arrived ? "->>" : "-x";
}

std::string note_of(const Scene::Row& row) {
  if (!row.fate.empty()) return ", " + row.fate;
  if (row.end == Scene::End::unanswered) return ", not answered";
  return row.end == Scene::End::unseen ? ", not seen further" : "";
}

}  // namespace

std::string to_mermaid(const TraceInfo& info, const std::vector<const Packet*>& packets, bool fold) {
  if (packets.empty()) return "sequenceDiagram\n";
  const auto scene = make_scene(info, packets, {.fold = fold});
  std::string text = "sequenceDiagram\n";
  for (std::size_t i = 0; i < scene.columns.size(); ++i) {
    text += fmt::format("  participant h{} as {}\n", i, escaped(scene.columns[i].name));
  }
  const auto all = fmt::format("h0{}", scene.columns.size() > 1 ? fmt::format(",h{}", scene.columns.size() - 1) : "");
  for (const auto& row : scene.rows) {
    for (const auto& step : row.steps) text += fmt::format("  Note over {}: {}\n", all, escaped(step));
    const auto maker = row.origin == Origin::unknown ? "" : fmt::format(" ({})", name_of(row.origin));
    text += fmt::format("  h{}{}h{}: {}{}{}, frame {}\n", row.from, arrow_of(row), row.to, escaped(row.label),
                        note_of(row), maker, frame_list(row.sightings, 20));
  }
  for (const auto& step : scene.epilogue) text += fmt::format("  Note over {}: {}\n", all, escaped(step));
  if (const auto note = folding_note(scene); !note.empty()) text += fmt::format("  %% {}\n", note);
  return text;
}

}  // namespace wirelab::capture
