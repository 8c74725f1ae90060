// EmulatedLine: one direction of an emulated link: when each frame leaves it, or why it does not. Public, pure.
//
// A frame waits for those before it, takes its time on the wire (size / rate), may vanish there, and arrives after the
// delay. Frames stay in order, jitter or not, except those that are held back. A frame that is lost has used the wire;
// one that found the queue full has not.
//
// Chance has a seed, and an independent stream for each kind of impairment and each line: the n-th frame of a line
// meets the same fate whatever else is impaired, on this line or another.
#pragma once

#include <cstdint>
#include <random>
#include <string_view>

#include "lab/net/impairment.hpp"

namespace wirelab {

// What becomes of a frame.
struct Passage {
  enum class End {
    arrives,
    lost,       // by chance
    queue_full  // no room among those that wait for the rate
  };
  End end = End::arrives;
  bool duplicated = false;  // it arrives twice, one copy right behind the other
  bool held_back = false;
  SteadyTime departure;  // of one that arrives
};

class EmulatedLine {
 public:
  // The same name and seed give the same line. The impairment must be without fault.
  EmulatedLine(const Impairment& impairment, std::string_view name, std::uint64_t seed);

  [[nodiscard]] const Impairment& impairment() const { return impairment_; }
  // Frames enter in the order of their arrival; `size` in bytes, without preamble and check sequence.
  Passage enter(SteadyTime arrival, std::size_t size);

 private:
  using Stream = std::mt19937_64;

  [[nodiscard]] bool has_room(SteadyTime arrival, std::size_t size) const;
  SteadyTime transmit(SteadyTime arrival, std::size_t size);
  Duration draw_delay();

  Impairment impairment_;
  Stream loss_, duplicate_, reorder_, jitter_;
  SteadyTime idle_from_;       // when the wire has carried all that entered so far
  SteadyTime last_departure_;  // of those in order
};

}  // namespace wirelab
