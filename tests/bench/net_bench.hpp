// What the benchmarks of the network share: a fresh process for every lab, and figures of many.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/base/unique_fd.hpp"
#include "lab/net/topology.hpp"
#include "tests/bench/bench.hpp"

namespace wirelab::bench {

// Runs `work` in a child process and returns what it returns; nothing if it throws.
inline std::optional<std::chrono::nanoseconds> in_child(const std::function<std::chrono::nanoseconds()>& work) {
  std::array<int, 2> pipe{};
  check_errno(::pipe(pipe.data()), "pipe");
  const UniqueFd read_end(pipe[0]);
  UniqueFd write_end(pipe[1]);
  const pid_t child = check_errno(::fork(), "fork");
  if (child == 0) {
    try {
      const auto result = work();
      ::_exit(::write(write_end.get(), &result, sizeof result) == sizeof result ? 0 : 1);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(1);
    }
  }
  write_end.reset();
  std::chrono::nanoseconds result{};
  const bool done = ::read(read_end.get(), &result, sizeof result) == sizeof result;
  ::waitpid(child, nullptr, 0);
  if (!done) return std::nullopt;
  return result;
}

// A LAN with that many hosts, h1, h2 and so on.
inline Topology one_lan(unsigned hosts) {
  Topology net;
  const auto lan = net.lan("lan", {"10.0.0.0/16"});
  for (unsigned i = 1; i <= hosts; ++i) net.host(fmt::format("h{}", i), lan);
  return net;
}

inline double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// Prints what `name` took, in milliseconds; there is at least one value.
inline void print(std::string_view name, const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  fmt::print("{:32} median {:9.3f} ms   least {:9.3f}   most {:9.3f}   of {}\n", name, median(values), *least, *most,
             values.size());
}

}  // namespace wirelab::bench
