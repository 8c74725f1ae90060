// How long a lab takes until its first packet may be sent, next to a shell script with ip netns and to mininet.
//
//   net_up [HOSTS [ROUNDS]]
//
// Every lab is a process of its own, measured from before become_lab_root to after Network::up. The other two lay the
// same bridge and hosts in a mount and network namespace of their own. The three take turns, with a pause for the
// kernel to take the last lab down.
#include <charconv>
#include <cstdlib>
#include <string>
#include <thread>

#include "lab/net/lab_root.hpp"
#include "lab/net/network.hpp"
#include "tests/bench/net_bench.hpp"

namespace wirelab::bench {
namespace {

using namespace std::chrono_literals;

std::chrono::nanoseconds time_of_lab(unsigned hosts) {
  const auto topology = one_lan(hosts);
  const auto start = std::chrono::steady_clock::now();
  become_lab_root();
  const auto network = Network::up(topology);
  return std::chrono::steady_clock::now() - start;
}

// The script prints the nanoseconds it took.
std::optional<std::chrono::nanoseconds> time_of_script(const std::string& command) {
  FILE* const output = ::popen(command.c_str(), "r");
  if (output == nullptr) return std::nullopt;
  long long nanoseconds = 0;
  const bool read = std::fscanf(output, "%lld", &nanoseconds) == 1;
  if (::pclose(output) != 0 || !read) return std::nullopt;
  return std::chrono::nanoseconds(nanoseconds);
}

struct Builder {
  const char* name;
  std::function<std::optional<std::chrono::nanoseconds>(unsigned hosts)> measure;
  std::vector<double> times;
};

std::vector<Builder> builders() {
  const std::string privately = "unshare -mn --propagation private ";
  const std::string folder = WIRELAB_BENCH_DIR;
  return {
      {"wirelab", [](unsigned hosts) { return in_child([&] { return time_of_lab(hosts); }); }, {}},
      {"shell script with ip netns",
       [=](unsigned hosts) {
         return time_of_script(fmt::format("{}sh {}/net_up_ip_netns.sh {}", privately, folder, hosts));
       },
       {}},
      {"mininet",
       [=](unsigned hosts) {
         return time_of_script(fmt::format("{}python3 {}/net_up_mininet.py {}", privately, folder, hosts));
       },
       {}},
  };
}

void compare(unsigned hosts, unsigned rounds) {
  auto all = builders();
  for (unsigned round = 0; round < rounds; ++round) {
    for (auto& builder : all) {
      if (round > 0 && builder.times.empty()) continue;
      if (const auto time = builder.measure(hosts)) builder.times.push_back(milliseconds(*time));
      std::this_thread::sleep_for(200ms + hosts * 10ms);
    }
  }
  fmt::print("{} hosts on one bridge\n", hosts);
  for (const auto& builder : all) {
    if (builder.times.empty()) {
      fmt::print("{:32} not measured: it does not run here\n", builder.name);
      continue;
    }
    print(builder.name, builder.times);
    if (&builder != &all[0]) {
      fmt::print("{:32} {:.1f} times as long\n", "", median(builder.times) / median(all[0].times));
    }
  }
}

unsigned number_or(const char* text, unsigned otherwise) {
  unsigned value = otherwise;
  if (text != nullptr) std::from_chars(text, text + std::string_view(text).size(), value);
  return value;
}

}  // namespace
}  // namespace wirelab::bench

int main(int argc, char** argv) {
  const auto rounds = wirelab::bench::number_or(argc > 2 ? argv[2] : nullptr, 11);
  if (argc > 1) {
    wirelab::bench::compare(wirelab::bench::number_or(argv[1], 2), rounds);
  } else {
    wirelab::bench::compare(2, rounds);
    wirelab::bench::compare(100, rounds);
  }
}
