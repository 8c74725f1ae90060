#include "scenarios/cli/table_text.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "lab/base/text.hpp"

namespace wirelab::cli {
namespace {

using Row = std::vector<std::string>;
using Widths = std::vector<std::size_t>;

constexpr std::size_t indent = 2;
constexpr std::size_t gap = 2;        // between columns
constexpr std::size_t narrowest = 8;  // no column is made narrower

std::string blanks(std::size_t count) { return std::string(count, ' '); }

Widths natural_widths(const scenarios::Table& table) {
  Widths widths;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    auto widest = cells_of(table.columns[column]);
    for (const auto& row : table.rows) widest = std::max(widest, cells_of(row[column]));
    widths.push_back(widest);
  }
  return widths;
}

std::size_t total(const Widths& widths) {
  return std::accumulate(widths.begin(), widths.end(), indent) + gap * (widths.size() - 1);
}

// The widest column gives first, so that short ones stay on one line.
Widths fitted(Widths widths, std::size_t width) {
  while (total(widths) > width) {
    const auto widest = std::ranges::max_element(widths);
    if (*widest <= narrowest) break;
    --*widest;
  }
  return widths;
}

void add_line(std::string& text, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + '\n';
}

void add_row(std::string& text, const Row& row, const Widths& widths) {
  std::vector<std::vector<std::string>> cells;
  std::size_t height = 0;
  for (std::size_t column = 0; column < row.size(); ++column) {
    cells.push_back(wrap(row[column], widths[column]));
    height = std::max(height, cells.back().size());
  }
  for (std::size_t n = 0; n < height; ++n) {
    auto line = blanks(indent);
    for (std::size_t column = 0; column < cells.size(); ++column) {
      const auto& part = n < cells[column].size() ? cells[column][n] : std::string();
      line += part + blanks(widths[column] - cells_of(part) + gap);
    }
    add_line(text, std::move(line));
  }
}

std::string rule(const Widths& widths, bool unicode) {
  std::string line = blanks(indent);
  for (const auto width : widths) {
    for (std::size_t n = 0; n < width; ++n) line += unicode ? "─" : "-";
    line += blanks(gap);
  }
  return line;
}

}  // namespace

std::string draw_table(const scenarios::Table& table, std::size_t width, bool unicode) {
  const auto widths = fitted(natural_widths(table), width);
  std::string text;
  add_row(text, table.columns, widths);
  add_line(text, rule(widths, unicode));
  // Where cells take several lines, a blank one keeps the rows apart.
  const bool broken = widths != natural_widths(table);
  for (std::size_t n = 0; n < table.rows.size(); ++n) {
    if (broken && n > 0) text += '\n';
    add_row(text, table.rows[n], widths);
  }
  return text;
}

}  // namespace wirelab::cli
