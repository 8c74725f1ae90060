// What emulated links did to frames, as their relay tells it. Public, pure.
#pragma once

#include <cstdint>
#include <string>

#include "lab/base/bytes.hpp"
#include "lab/base/clock.hpp"

namespace wirelab {

// A frame to which a link did more than to delay it.
struct EmulatedFrame {
  enum class Fate {
    lost,        // by chance
    queue_full,  // dropped: no room among those that wait for the rate
    relay_full,  // dropped: the relay holds as much as it may, which is no part of the emulation
    duplicated,
    held_back
  };
  Stamp when{};           // it reached the link
  std::string host;       // who sent it into the link
  std::string interface;  // "eth0"
  Fate fate{};
  std::string link;  // what the link is like: "loss 5 %"
  Bytes bytes;
};

// What one direction of a link did so far, in frames.
struct LineCounters {
  std::string host, interface;  // who sends into it
  std::uint64_t entered = 0, lost = 0, queue_full = 0, relay_full = 0, duplicated = 0, held_back = 0;
};

}  // namespace wirelab
