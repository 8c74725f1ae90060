// LineReader: lines of standard input, or of any descriptor, as events of the loop.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "lab/loop/selector.hpp"

namespace wirelab::cli {

// Reads once each time that there is something, so the descriptor stays blocking: standard input shares its flags with
// the shell. The reader does not own it.
class LineReader {
 public:
  static constexpr std::size_t longest = std::size_t{64} << 10;  // bytes
  // Called from the loop only. They may pause or stop the reader, but not destroy it.
  struct Events {
    std::function<void(std::string_view line)> on_line;  // without its end; the last one may have none
    std::function<void()> on_too_long;                   // a line beyond `longest`, which is left out
    std::function<void()> on_end;
    // What came, before it is taken for lines: the lines that it makes; empty: as it came.
    std::function<std::string(std::string_view)> edit{};
  };

  // Paused at first. Throws std::system_error for a descriptor that is not open.
  LineReader(Selector& loop, int fd, Events events);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  void resume();
  // No event follows, also not of lines that were read already, until it goes on.
  void pause();

 private:
  void read();
  void give_lines();
  void give(std::string_view line);
  void finish();

  Selector& loop_;
  int fd_;
  Events events_;
  Selector::Token token_;
  Selector::TimerId timer_;
  std::string buffer_;
  bool paused_ = true;
  bool skipping_ = false;  // the rest of a line that is too long
  bool ended_ = false;
  bool finished_ = false;
};

}  // namespace wirelab::cli
