// What an echoed message of 64 bytes costs a server in CPU time: the reference stack over epoll and select, plain and
// framed, and others, in turns.
//
//   echo_cost [ROUNDS [LOAD]]     LOAD: 0 to 3, one of those below; all without it
#include <cstdlib>
#include <memory>

#include <fmt/format.h>
#include <sys/resource.h>

#include "tests/bench/bench.hpp"
#include "tests/bench/echo_load.hpp"

namespace {

using namespace wirelab;
using namespace wirelab::bench;

const EchoLoad loads[] = {{"100 of 100 connections active", 100, 100, 1},
                          {"10 of 1,000 connections active", 1000, 10, 1},
                          {"100 of 10,000 connections active", 10'000, 100, 1},
                          {"100 connections, 16 messages in flight on each", 100, 100, 16}};

void allow_many_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 10'100) fmt::print("only {} descriptors are allowed: no 10,000 connections\n", limit.rlim_cur);
}

std::vector<EchoContender> contenders() {
  std::vector<EchoContender> all{minimal_epoll_loop(), plain_echo(Poller::epoll), framed_echo(Poller::epoll)};
  for (auto& opponent : opponents()) all.push_back(std::move(opponent));
  all.push_back(minimal_select_loop());
  all.push_back(plain_echo(Poller::select));
  all.push_back(framed_echo(Poller::select));
  return all;
}

// Ratios are taken round by round, in which all meet the same load of the machine.
double median_ratio(const std::vector<double>& of, const std::vector<double>& to) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < of.size(); ++i) ratios.push_back(of[i] / to[i]);
  return median(ratios);
}

void compare(const EchoLoad& load, int rounds) {
  const auto all = contenders();
  std::vector<std::unique_ptr<EchoPair>> pairs;
  for (const auto& contender : all) pairs.push_back(std::make_unique<EchoPair>(contender, load));
  const std::uint64_t messages = load.in_flight > 1 ? 160'000 : 10'000;
  std::vector<std::vector<double>> costs(all.size());
  for (int round = 0; round <= rounds; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto cost = pairs[i]->run(messages);
      if (round > 0) costs[i].push_back(cost);  // the first warms up
    }
  }
  fmt::print("{}\n  {:<24} {:>10} {:>16} {:>16} {:>16}\n", load.name, "", "us/message",
             "wirelab epoll =", "minimal epoll =", "minimal select =");
  for (std::size_t i = 0; i < all.size(); ++i) {
    fmt::print("  {:<24} {:>10.3f} {:>16.2f} {:>16.2f} {:>16.2f}\n", all[i].name, median(costs[i]),
               median_ratio(costs[i], costs[1]), median_ratio(costs[i], costs[0]),
               median_ratio(costs[i], costs[all.size() - 3]));
  }
}

}  // namespace

int main(int argc, char** argv) {
  allow_many_descriptors();
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 11;
  for (std::size_t i = 0; i < std::size(loads); ++i) {
    if (argc > 2 && static_cast<std::size_t>(std::atoi(argv[2])) != i) continue;
    compare(loads[i], rounds);
  }
}
