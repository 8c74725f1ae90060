// Counts what a piece of code takes from the free store. For test and bench programs that link allocations.cpp, which
// replaces operator new.
#pragma once

#include <cstddef>

namespace wirelab {

// Since the program began.
struct Allocations {
  std::size_t count = 0;
  std::size_t bytes = 0;
};
Allocations allocations();

// What `work` allocates.
template <class Work>
Allocations allocations_of(Work&& work) {
  const auto before = allocations();
  work();
  const auto after = allocations();
  return {after.count - before.count, after.bytes - before.bytes};
}

}  // namespace wirelab
