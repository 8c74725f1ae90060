// Scratch: the buffers of a read, with which all connections of a thread take turns, so that none keeps any while it is
// idle. The stack's own.
#pragma once

#include <memory>
#include <utility>

#include "lab/base/bytes.hpp"

namespace wirelab {

struct ScratchBuffers {
  Bytes received;
  Bytes answers;
};

// Takes the thread's buffers and brings them back. Who finds them gone (a handler may turn a second loop) gets new
// ones.
class Scratch {
 public:
  Scratch() : buffers_(std::move(idle)) {
    if (!buffers_) buffers_ = std::make_unique<ScratchBuffers>();
  }
  ~Scratch() { idle = std::move(buffers_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  ScratchBuffers* operator->() const { return buffers_.get(); }

 private:
  static inline thread_local std::unique_ptr<ScratchBuffers> idle;
  std::unique_ptr<ScratchBuffers> buffers_;
};

}  // namespace wirelab
