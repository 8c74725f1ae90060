// canvas: lines of character cells with colours. Internal to capture/, pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wirelab::capture {

enum class Style : std::uint8_t { plain, strong, faint, raw, kernel, stack, failure };

// One line of a picture.
class CellRow {
 public:
  explicit CellRow(std::size_t width) : cells_(width) {}

  [[nodiscard]] std::size_t width() const { return cells_.size(); }
  // Writes from cell `at` on; what would lie beyond the width is left out.
  void put(std::size_t at, std::string_view text, Style style = Style::plain);
  // The line without trailing blanks; with `color` in ECMA-48 escape sequences.
  [[nodiscard]] std::string to_string(bool color) const;

 private:
  struct Cell {
    std::string glyph = " ";
    Style style = Style::plain;
  };
  std::vector<Cell> cells_;
};

}  // namespace wirelab::capture
