// Is the first ping of a fresh lab answered, and how soon?
//
//   first_ping [LABS]
//
// Every lab is a process of its own, back to back, so that each one comes up while the kernel takes the last one down.
// Ends with 1 unless all were answered in less than 10 ms: an ARP request that is lost costs a second.
#include <cstdlib>

#include "lab/net/lab_root.hpp"
#include "tests/bench/net_bench.hpp"
#include "tests/wire/net_ping.hpp"

int main(int argc, char** argv) {
  using namespace wirelab;
  const int labs = argc > 1 ? std::atoi(argv[1]) : 500;
  std::vector<double> times;
  for (int i = 0; i < labs; ++i) {
    const auto time = bench::in_child([] {
      become_lab_root();
      const auto network = Network::up(bench::one_lan(2));
      return ping(network.host("h1"), network.host("h2").address()).value();
    });
    if (time) times.push_back(bench::milliseconds(*time));
  }
  if (times.empty()) return 1;
  bench::print("first ping of a fresh lab", times);
  const auto soon = std::count_if(times.begin(), times.end(), [](double time) { return time < 10; });
  fmt::print("{} of {} answered, {} in less than 10 ms\n", times.size(), labs, soon);
  return soon == labs ? 0 : 1;
}
