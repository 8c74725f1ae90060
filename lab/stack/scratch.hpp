// Scratch: a buffer that all connections of a thread take turns with, so that none keeps one while it is idle. The
// stack's own.
#pragma once

#include <utility>

#include "lab/base/bytes.hpp"

namespace wirelab {

// Takes the buffer from its home and brings it back. Who finds it gone (a handler may turn a second loop) gets a new
// one.
class Scratch {
 public:
  explicit Scratch(Bytes& home) : home_(home), bytes_(std::exchange(home, {})) {}
  ~Scratch() { home_ = std::move(bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] Bytes& bytes() { return bytes_; }

 private:
  Bytes& home_;
  Bytes bytes_;
};

}  // namespace wirelab
