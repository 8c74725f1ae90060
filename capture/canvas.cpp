#include "capture/canvas.hpp"

#include <algorithm>

namespace wirelab::capture {
namespace {

bool continues(char byte) { return (static_cast<std::uint8_t>(byte) & 0xC0) == 0x80; }

// The bytes of the first character of `text`, which is not empty.
std::string_view first_glyph(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && size < 4 && continues(text[size])) ++size;
  return text.substr(0, size);
}

// The bytes of as many characters as fit into `width`.
std::size_t fitting(std::string_view text, std::size_t width) {
  std::size_t size = 0;
  for (; width > 0 && size < text.size(); --width) size += first_glyph(text.substr(size)).size();
  return size;
}

std::string_view escape(Style style) {
  switch (style) {
    case Style::strong:
      return "\033[1m";
    case Style::faint:
      return "\033[2m";
    case Style::raw:
      return "\033[33m";
    case Style::kernel:
      return "\033[36m";
    case Style::stack:
      return "\033[32m";
    case Style::failure:
      return "\033[31m";
    case Style::plain:
      break;
  }
  return "\033[0m";
}

}  // namespace

std::size_t cells_of(std::string_view text) {
  std::size_t cells = 0;
  for (; !text.empty(); ++cells) text.remove_prefix(first_glyph(text).size());
  return cells;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  width = std::max<std::size_t>(width, 1);
  while (cells_of(text) > width) {
    const auto most = fitting(text, width);
    const auto blank = text.rfind(' ', most);
    const bool has_blank = blank != std::string_view::npos && blank != 0;
    lines.emplace_back(text.substr(0, has_blank ? blank : most));
    text.remove_prefix(has_blank ? blank + 1 : most);
  }
  lines.emplace_back(text);
  return lines;
}

void CellRow::put(std::size_t at, std::string_view text, Style style) {
  for (; !text.empty() && at < cells_.size(); ++at) {
    const auto glyph = first_glyph(text);
    cells_[at] = {std::string(glyph), style};
    text.remove_prefix(glyph.size());
  }
}

std::string CellRow::to_string(bool color) const {
  const auto last = std::find_if(cells_.rbegin(), cells_.rend(), [](const Cell& cell) { return cell.glyph != " "; });
  std::string line;
  Style style = Style::plain;
  for (auto cell = cells_.begin(); cell != last.base(); ++cell) {
    if (color && cell->style != style) {
      // Styles do not add up: each begins afresh.
      if (style != Style::plain) line += escape(Style::plain);
      if (cell->style != Style::plain) line += escape(cell->style);
      style = cell->style;
    }
    line += cell->glyph;
  }
  if (style != Style::plain) line += escape(Style::plain);
  return line;
}

}  // namespace wirelab::capture
