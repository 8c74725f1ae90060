// ReaderWatch: notices that nobody reads standard output any more, also while there is nothing to say.
#pragma once

#include "lab/loop/selector.hpp"

namespace wirelab::cli {

// `wirelab devices --watch | head -1` has its line, and might wait for the next one for ever: an error of write comes
// with the next line only. While the watch lives, the loop throws ReaderLeft once the pipe's last reader is gone. The
// loop outlives it.
class ReaderWatch {
 public:
  explicit ReaderWatch(Selector& loop);
  ~ReaderWatch() { loop_.remove(token_); }
  ReaderWatch(const ReaderWatch&) = delete;
  ReaderWatch& operator=(const ReaderWatch&) = delete;

 private:
  Selector& loop_;
  Selector::Token token_;
};

}  // namespace wirelab::cli
