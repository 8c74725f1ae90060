// TypedLine: the line that a person is typing, kept whole while others say something in between.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <termios.h>

namespace wirelab::cli {

// What was typed so far, as keys change it. Pure.
class LineEditor {
 public:
  static constexpr std::size_t longest = std::size_t{64} << 10;  // bytes; more are not taken

  // One byte from the terminal: a part of a character, Backspace, Ctrl-U (all) or Ctrl-W (a word). Keys that send a
  // sequence, such as the arrows, do nothing. True if the line is complete: Enter, or Ctrl-D on an empty one.
  bool key(char byte);
  // The complete line: "exit" for Ctrl-D, which is what it means to a shell. The next one is empty.
  std::string take();
  [[nodiscard]] const std::string& text() const { return text_; }
  // Its end, as much as fits `cells` of a terminal.
  [[nodiscard]] std::string_view end_within(std::size_t cells) const;

 private:
  void erase_character();
  void erase_word();

  enum class Within : unsigned char { text, escape, sequence };
  Within within_ = Within::text;
  bool ended_ = false;
  std::string text_;
};

// The terminal gives its keys as they are typed, and shows nothing by itself, from construction to destruction.
class TypedLine {
 public:
  // Whether standard input and output are one person's terminal.
  static bool is_possible();

  TypedLine();
  ~TypedLine();
  TypedLine(const TypedLine&) = delete;
  TypedLine& operator=(const TypedLine&) = delete;

  // Keys that came: shows them, and returns the lines that they complete, each with its end.
  std::string typed(std::string_view keys);
  // Before anything else is printed, and after it.
  void hide() const;
  void show() const;

 private:
  void take_keys() const;

  termios usual_{};
  LineEditor editor_;
};

}  // namespace wirelab::cli
