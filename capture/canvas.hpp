// canvas: lines of character cells with colours. Internal to capture/, pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wirelab::capture {

enum class Style : std::uint8_t { plain, strong, faint, raw, kernel, stack, failure };

// How many cells UTF-8 text takes: one a character. Bytes that are no UTF-8 count one each.
std::size_t cells_of(std::string_view text);
// `text` broken at blanks into lines of at most `width` cells; a longer word is broken anywhere. At least one line.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

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
