#include "capture/ladder_text.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/base/text.hpp"

namespace wirelab::capture {
namespace {

constexpr Signs unicode_signs{"│", "┼", "─", "▶", "◀", "◀▶", "✗", "▸"};
constexpr Signs ascii_signs{"|", "+", "-", ">", "<", "<>", "x", "*"};

// The first `count` cells of `text`.
std::string_view first_cells(std::string_view text, std::size_t count) {
  std::size_t size = 0;
  for (; count > 0 && size < text.size(); --count) size += first_glyph(text.substr(size)).size();
  return text.substr(0, size);
}

}  // namespace

const Signs& signs_of(const LadderOptions& options) { return options.unicode ? unicode_signs : ascii_signs; }

Style style_of(Origin origin) {
  switch (origin) {
    case Origin::raw:
      return Style::raw;
    case Origin::kernel:
      return Style::kernel;
    case Origin::stack:
      return Style::stack;
    case Origin::unknown:
      break;
  }
  return Style::plain;
}

std::string full_label(const Scene::Row& row) {
  if (!row.fate.empty()) return fmt::format("{}, {}", row.label, row.fate);
  if (row.end == Scene::End::unanswered) return row.label + ", not answered";
  if (row.end == Scene::End::unseen) return row.label + ", not seen further";
  return row.label;
}

std::vector<std::string> wrap_label(std::string_view label, std::size_t width) {
  std::vector<std::string> lines;
  while (cells_of(label) > width) {
    const auto room = first_cells(label, width);
    auto end = label.substr(0, room.size() + 1).rfind(' ');
    // A blank, unless a header that follows fills the line better.
    const auto field = room.rfind(';') + 1;  // 0 if there is none
    const bool at_blank = end != std::string_view::npos && end > 0 && (end >= room.size() / 2 || field < end);
    if (!at_blank) end = field > 0 ? field : room.size();
    lines.emplace_back(label.substr(0, end));
    label.remove_prefix(at_blank ? end + 1 : end);
  }
  lines.emplace_back(label);
  return lines;
}

std::string abbreviated(const std::string& name, std::size_t room) {
  constexpr std::string_view gap = "..";
  const auto cells = cells_of(name);
  if (cells <= room || room <= gap.size()) return std::string(first_cells(name, room));
  const auto tail = (room - gap.size()) / 2;
  const auto kept = first_cells(name, cells - tail).size();
  return fmt::format("{}{}{}", first_cells(name, room - gap.size() - tail), gap, name.substr(kept));
}

std::string folding_note(const Scene& scene) {
  if (!scene.folded_further) return "";
  return fmt::format("{} row{} for {} packets: what tells less shares a row; --unfold draws every packet",
                     scene.rows.size(), scene.rows.size() == 1 ? "" : "s", scene.packets);
}

std::string frame_list(const std::vector<const Packet*>& packets, std::size_t most) {
  std::vector<std::size_t> frames;
  frames.reserve(packets.size());
  for (const Packet* packet : packets) frames.push_back(packet->frame);
  std::ranges::sort(frames);
  auto list = fmt::format("{}", fmt::join(frames, ","));
  if (frames.size() <= 2 && list.size() <= most) return list;
  const bool has_gaps = frames.back() - frames.front() + 1 != frames.size();
  if (has_gaps && list.size() <= most) return list;
  return fmt::format("{}{}{}", frames.front(), has_gaps ? ".." : "-", frames.back());
}

}  // namespace wirelab::capture
