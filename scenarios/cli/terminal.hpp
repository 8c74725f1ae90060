// What the terminal can do: width, colour, and more than ASCII.
#pragma once

#include <string>
#include <string_view>

namespace wirelab::cli {

enum class ColorMode { automatic, always, never };

struct Terminal {
  static constexpr std::size_t least_width = 40, most_width = 1000;

  std::size_t width = 100;  // in columns
  bool color = false;
  bool unicode = false;

  // What stdout can do. `width` 0: COLUMNS, else the terminal's own, else 100, within bounds. Colour: NO_COLOR
  // (https://no-color.org) and TERM=dumb switch it off; `automatic` asks whether stdout is a terminal. Unicode: by the
  // locale.
  static Terminal of_stdout(ColorMode mode, std::size_t width);
};

// ANSI styles; the empty string where colour is off.
struct Style {
  explicit Style(bool color) : color_(color) {}
  [[nodiscard]] std::string bold(std::string_view text) const { return paint("1", text); }
  [[nodiscard]] std::string faint(std::string_view text) const { return paint("2", text); }
  [[nodiscard]] std::string good(std::string_view text) const { return paint("32", text); }
  [[nodiscard]] std::string bad(std::string_view text) const { return paint("31;1", text); }
  [[nodiscard]] std::string accent(std::string_view text) const { return paint("36", text); }

 private:
  [[nodiscard]] std::string paint(std::string_view code, std::string_view text) const;
  bool color_;
};

}  // namespace wirelab::cli
