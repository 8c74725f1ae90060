#include "capture/canvas.hpp"

#include <algorithm>

#include "lab/base/text.hpp"

namespace wirelab::capture {
namespace {

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
