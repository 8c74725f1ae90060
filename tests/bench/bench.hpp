// What the programs of this folder share: contenders take turns within one run, so that a busy machine slows all of
// them, and what counts is the ratio of their medians. Judge by CPU time, not by the clock on the wall.
#pragma once

#include <algorithm>
#include <ctime>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace wirelab::bench {

// CPU time of this process so far, in ns.
inline double cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// Of at least one value; the upper of the two in the middle.
inline double median(std::vector<double> values) {
  if (values.empty()) throw std::logic_error("a median of nothing");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Contender {
  std::string name;
  std::function<void()> run;
};

// The median CPU time of one run in ns, for each contender, over `rounds` in which each runs once. A first round that
// does not count warms the caches.
inline std::vector<double> alternate(const std::vector<Contender>& contenders, int rounds) {
  std::vector<std::vector<double>> times(contenders.size());
  for (int round = 0; round <= rounds; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const auto begin = cpu_ns();
      contenders[i].run();
      if (round > 0) times[i].push_back(cpu_ns() - begin);
    }
  }
  std::vector<double> medians;
  for (const auto& of_one : times) medians.push_back(median(of_one));
  return medians;
}

}  // namespace wirelab::bench
