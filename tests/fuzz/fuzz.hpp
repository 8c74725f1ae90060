// What every fuzz target includes: its entry point, and how it complains.
//
// A target reads its input as it would come from the wire, so that seeds are ordinary captures and frames; where it
// needs a choice (a split, a limit) it draws it from the input by random_for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "lab/base/bytes.hpp"

// libFuzzer calls it with each input; replay_main.cpp with each seed. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace wirelab {

// Ends the program, which the driver reports with the input, unless `holds`.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// The same numbers for the same input.
inline std::minstd_rand random_for(ByteView input) {
  std::uint32_t hash = 2166136261U;
  for (const auto byte : input) hash = (hash ^ byte) * 16777619U;
  return std::minstd_rand(hash);
}

}  // namespace wirelab
