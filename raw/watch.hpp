// Watch: a descriptor registered with the loop for reading, for as long as this lives. Internal to raw/.
#pragma once

#include <utility>

#include "lab/loop/selector.hpp"

namespace wirelab::raw {

class Watch {
 public:
  // The loop and the descriptor outlive the watch.
  Watch(Selector& loop, int fd, std::function<void()> readable)
      : loop_(loop), token_(loop.add(fd, {.read = true}, [call = std::move(readable)](Ready) { call(); })) {}
  ~Watch() { loop_.remove(token_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  Selector& loop_;
  Selector::Token token_;
};

}  // namespace wirelab::raw
