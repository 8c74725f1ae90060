// How far a transfer is, how fast, and how long it will take. Public, pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "lab/base/clock.hpp"

namespace wirelab {

struct FileProgress {
  std::uint64_t bytes = 0;  // of `size`, with those that an earlier attempt brought
  std::uint64_t size = 0;
  double rate = 0;               // bytes a second, over the last seconds
  std::optional<Duration> left;  // nothing as long as nothing moves
};

// Takes what is there at a time and tells the rate over a sliding window, so that a pause shows and is forgotten.
class FileMeter {
 public:
  static constexpr Duration window = std::chrono::seconds(5);

  // `bytes` are there already at `now`: they count as progress, but not for the rate.
  FileMeter(std::uint64_t size, std::uint64_t bytes, SteadyTime now);
  // `bytes` only grows, and so does the time.
  FileProgress at(SteadyTime now, std::uint64_t bytes);

 private:
  struct Sample {
    SteadyTime when;
    std::uint64_t bytes;
  };
  std::uint64_t size_;
  std::deque<Sample>
      samples_;  // never empty; the first is the newest that is older than the window, or the first of all
};

}  // namespace wirelab
