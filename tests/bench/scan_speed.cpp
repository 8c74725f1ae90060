// scan_speed: how long it takes to know everything of a host or a range, and whether all of it was found.
//
//   A ---- lan, 10.32.0.0/20 ---- R      R answers ARP for all of the LAN, and is 10.64.0.0/16 as well;
//                                        1000 of its TCP ports are open
//
// Contenders take turns, each a process in A. Time is from before its start to its end.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "lab/base/socket_address.hpp"
#include "lab/net/lab_root.hpp"
#include "raw/ping_sweep.hpp"
#include "raw/scan_ports.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/net_bench.hpp"
#include "tests/bench/peers.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;
using bench::ChildProcess;

constexpr std::size_t open_ports = 1000;
constexpr std::string_view near = "10.32.0.0/20", far = "10.64.0.0/16", part_of_far = "10.64.0.0/20";
constexpr std::string_view near_but_a = "10.32.0.2-10.32.15.254";

struct Found {
  std::size_t count = 0;
  double milliseconds = 0;
};

// What ours prints is the number of what it found.
Found run_ours(const Host& host, const std::function<std::size_t(const raw::Place&)>& work) {
  ChildProcess process(host, [&] {
    const auto loop = Selector::make();
    fmt::print("{}\n", work(raw::here(*loop)));
  });
  const auto ended = process.wait();
  return {std::strtoul(ended.output.c_str(), nullptr, 10), bench::milliseconds(ended.took)};
}

struct Task {
  std::string name;
  std::size_t expected;  // by ours
  std::function<std::size_t(const raw::Place&)> ours;
  std::string peer;
  std::vector<std::string> command;
  std::string mark;  // what each line of a finding holds
  std::size_t expected_of_peer;
  double wanted;  // ours against theirs in time, at most
};

std::size_t scan_all_ports(const raw::Place& place, const IpAddress& target) {
  std::vector<Port> ports;
  for (unsigned i = 1; i <= 65535; ++i) ports.push_back(Port{static_cast<std::uint16_t>(i)});
  std::mt19937_64 random(1);
  const auto report = raw::scan_ports(place, target, ports, random, {});
  const auto open = std::ranges::count(report.ports, raw::PortState::open, &raw::PortResult::state);
  return report.probing.answered == ports.size() ? static_cast<std::size_t>(open) : 0;
}

std::size_t sweep(const raw::Place& place, std::string_view range) {
  std::mt19937_64 random(1);
  return raw::ping_sweep(place, *Prefix::parse(range), random, {}).entries.size();
}

std::size_t ask_by_arp(const raw::Place& place) {
  return raw::arp_scan(place, *Prefix::parse(near), {}).entries.size();
}

std::vector<Task> tasks(const Network& network) {
  const auto& r = network.host("R");
  const auto target = r.address();
  const auto mac = r.interface("eth0").mac.to_string();
  const auto self = network.host("A").address().to_string();
  return {
      {"SYN 1-65535, 1000 open",
       open_ports,
       [target](const raw::Place& at) { return scan_all_ports(at, target); },
       "nmap -sS -T4",
       {"nmap", "-sS", "-T4", "-n", "-Pn", "-p1-65535", "-oG", "-", target.to_string()},
       "/open/",
       open_ports,
       0.6},
      {"ICMP /16",
       65534,
       [](const raw::Place& at) { return sweep(at, far); },
       "zmap",
       {"zmap", "-M", "icmp_echoscan", "-i", "eth0", "-G", mac, "-S", self, "-r", "0", "-c", "1", "-q", "-v", "0", "-b",
        "/dev/null", std::string(far)},
       "10.64.",
       65536,
       0.3},
      {"ICMP /20",
       4094,
       [](const raw::Place& at) { return sweep(at, part_of_far); },
       "fping -i 0.01",
       {"fping", "-i", "0.01", "-r", "1", "-a", "-g", std::string(part_of_far)},
       "10.64.",
       4094,
       0.6},
      {"ARP /20",
       4093,
       ask_by_arp,
       "arp-scan -B 1G",
       {"arp-scan", "-I", "eth0", "-B", "1G", "-q", "-x", "-N", std::string(near_but_a)},
       "10.32.",
       4093,
       0.75},
  };
}

// R as described above, by iproute2. A's own address stays A's.
void set_up(const Network& network) {
  const std::vector<std::vector<std::string>> routes{
      {"local", std::string(near), "dev", "lo"},
      {"local", std::string(far), "dev", "lo"},
      {"unicast", network.host("A").address().to_string(), "dev", "eth0", "table", "local"}};
  for (const auto& route : routes) {
    std::vector<std::string> command{"ip", "route", "add"};
    command.insert(command.end(), route.begin(), route.end());
    ChildProcess(network.host("R"), command).wait();
  }
}

std::vector<UniqueFd> listen_on_many(const Host& r) {
  rlimit limit{8192, 8192};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return r.in([&] {
    std::vector<UniqueFd> listeners;
    for (std::size_t i = 0; i < open_ports; ++i) {
      UniqueFd fd(check_errno(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
      const SocketAddress at(Endpoint{r.address(), Port{static_cast<std::uint16_t>(1 + i * 65)}});
      check_errno(::bind(fd.get(), at.data(), at.size()), "bind");
      check_errno(::listen(fd.get(), 16), "listen");
      listeners.push_back(std::move(fd));
    }
    return listeners;
  });
}

// True if all was found every time, and fast enough.
bool compare(const Network& network, const Task& task, int rounds) {
  const auto& a = network.host("A");
  const bool alone = !bench::installed(task.command[0]);
  std::vector<double> own, theirs, ratios;
  std::size_t complete = 0, complete_of_peer = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto found = run_ours(a, task.ours);
    own.push_back(found.milliseconds);
    complete += found.count == task.expected ? 1U : 0U;
    if (found.count != task.expected) fmt::print("{}: found {} of {}\n", task.name, found.count, task.expected);
    if (alone) continue;
    ChildProcess process(a, task.command);
    const auto ended = process.wait();
    theirs.push_back(bench::milliseconds(ended.took));
    complete_of_peer += bench::lines_with(ended.output, task.mark) >= task.expected_of_peer ? 1U : 0U;
    ratios.push_back(own.back() / theirs.back());
  }
  fmt::print("{:24} {:8.1f} ms, complete {} of {}", task.name, bench::median(own), complete, rounds);
  if (!alone)
    fmt::print("; {:14} {:8.1f} ms, complete {}: {:.2f} of its time (at most {} wanted)", task.peer,
               bench::median(theirs), complete_of_peer, bench::median(ratios), task.wanted);
  fmt::print("\n");
  return complete == static_cast<std::size_t>(rounds) && (alone || bench::median(ratios) <= task.wanted);
}

int run(int rounds) {
  become_lab_root();
  Topology topology;
  const auto lan = topology.lan("lan", {near});
  topology.host("A", lan);
  topology.router("R", {lan});
  const auto network = Network::up(topology);
  const auto& r = network.host("R");
  set_up(network);
  const auto listeners = listen_on_many(r);
  bool reached = true;
  for (const auto& task : tasks(network)) reached = compare(network, task, rounds) && reached;
  return reached ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace wirelab

// scan_speed [ROUNDS]
int main(int argc, char** argv) {
  try {
    return wirelab::run(argc > 1 ? std::atoi(argv[1]) : 3);
  } catch (const std::exception& error) {
    fmt::print(stderr, "scan_speed: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
