// Impairment: what an emulated link does to the frames of one direction. Public, pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "lab/base/clock.hpp"

namespace wirelab {

struct Impairment {
  Duration delay{};                   // of every frame; at most 10 s
  Duration jitter{};                  // each frame's delay is that much longer or shorter, evenly spread; at most delay
  double loss = 0;                    // share of frames that vanish, 0 to 1
  double duplicate = 0;               // share of frames that arrive twice
  double reorder = 0;                 // share of frames that are held back, while later ones overtake them
  Duration hold = default_hold();     // how long those are held back; above zero, at most 10 s
  std::optional<std::uint64_t> rate;  // bits of frames a second, at least 1000; none: as fast as the machine can
  std::size_t queue = default_queue;  // bytes that wait for the rate; a frame that finds no room in it is dropped

  static constexpr Duration default_hold() { return std::chrono::milliseconds(10); }
  static constexpr std::size_t default_queue = std::size_t{256} << 10;

  // True if frames pass as if there were no emulation.
  [[nodiscard]] bool is_none() const;
  // Why no link can be like that, for the reader; nothing if one can.
  [[nodiscard]] std::optional<std::string> fault() const;
  // The longest that a frame may be under way, waiting for the rate included.
  [[nodiscard]] Duration longest() const;
  // "delay 25 ms, jitter 5 ms, loss 5 %, 10 Mbit/s"; empty if none.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Impairment&, const Impairment&) = default;
};

}  // namespace wirelab
