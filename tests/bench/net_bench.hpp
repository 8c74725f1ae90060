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

namespace wirelab {

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

class Figures {
 public:
  void add(std::chrono::nanoseconds value) {
    values_.push_back(std::chrono::duration<double, std::milli>(value).count());
  }
  [[nodiscard]] bool empty() const { return values_.empty(); }
  [[nodiscard]] std::size_t count() const { return values_.size(); }
  // In milliseconds; `fraction` 0 is the least, 0.5 the median, 1 the most.
  [[nodiscard]] double at(double fraction) const {
    auto sorted = values_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<std::size_t>(fraction * static_cast<double>(sorted.size() - 1))];
  }
  void print(std::string_view name) const {
    fmt::print("{:32} median {:9.3f} ms   least {:9.3f}   most {:9.3f}   of {}\n", name, at(0.5), at(0), at(1),
               values_.size());
  }

 private:
  std::vector<double> values_;
};

}  // namespace wirelab
