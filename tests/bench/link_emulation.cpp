// How exact are emulated links, and what do they cost?
//
//   link_emulation [PACKETS]
//
// Round trips over a link of 25 ms each way; the same with a jitter; the loss among PACKETS frames; TCP through a link
// that only delays by 1 ms beside one that is not emulated; and the CPU time of all that.
#include <cstdlib>
#include <thread>

#include <linux/if_packet.h>
#include <net/ethernet.h>

#include "lab/net/lab_root.hpp"
#include "lab/net/network.hpp"
#include "tests/bench/net_bench.hpp"
#include "tests/wire/net_frame_socket.hpp"
#include "tests/wire/net_ping.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;

Topology pair(const Impairment& impairment) {
  Topology net;
  const auto wan = net.link("wan", {"10.0.0.0/24"}, {.impairment = impairment});
  net.host("A", wan);
  net.host("B", wan);
  return net;
}

double percentile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void tell(std::string_view what, const std::vector<double>& times, int of) {
  fmt::print("{:36} {} of {}: least {:.3f}  median {:.3f}  p99 {:.3f}  most {:.3f} ms\n", what, times.size(), of,
             percentile(times, 0), bench::median(times), percentile(times, 0.99), percentile(times, 1));
}

void round_trips(std::string_view what, const Impairment& impairment, int count) {
  const auto network = Network::up(pair(impairment));
  const auto& a = network.host("A");
  const auto b = network.host("B").address();
  ping(a, b);  // resolves the address
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    if (const auto time = ping(a, b)) times.push_back(bench::milliseconds(*time));
  }
  tell(what, times, count);
}

// What a thread that asks for it gets from this machine, for comparison.
void sleeps(std::chrono::milliseconds time, int count) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(time);
    times.push_back(bench::milliseconds(std::chrono::steady_clock::now() - start));
  }
  tell("a sleep of 50 ms", times, count);
}

// Frames at a pace of some 20,000 a second, so that no buffer between decides.
void loss(double share, std::uint32_t count) {
  auto network = Network::up(pair({.loss = share}), 7);
  const FrameSocket a(network.host("A"));
  const FrameSocket b(network.host("B"));
  std::uint32_t arrived = 0;
  const auto take = [&](std::chrono::milliseconds limit) {
    while (b.receive(limit)) ++arrived;
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    a.send(a.frame(i));
    if (i % 50 == 49) std::this_thread::sleep_for(2ms);
    take(0ms);
  }
  take(200ms);
  const auto told = network.take_emulated().size();
  fmt::print("loss {:4.1f} % of {:<22}   {} lost, {:.2f} %; the relay tells of {}; {} failures\n", share * 100, count,
             count - arrived, 100.0 * (count - arrived) / count, told, network.emulation_failures());
}

UniqueFd tcp_socket() { return UniqueFd(check_errno(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "TCP socket")); }

// One connection from A to B for `time`; CPU time is that of the whole process, sender, receiver and kernel.
void throughput(std::string_view what, const Impairment& impairment, std::chrono::milliseconds time) {
  const auto network = Network::up(pair(impairment));
  const SocketAddress service({network.host("B").address(), Port{4000}});
  const auto listener = network.host("B").in([&] {
    auto socket = tcp_socket();
    check_errno(::bind(socket.get(), service.data(), service.size()), "bind");
    check_errno(::listen(socket.get(), 1), "listen");
    return socket;
  });
  const auto sender = network.host("A").in([] { return tcp_socket(); });
  std::size_t received = 0;
  std::thread reader([&] {
    const UniqueFd connection(::accept(listener.get(), nullptr, nullptr));
    Bytes buffer(1 << 18);
    for (ssize_t size; (size = ::recv(connection.get(), buffer.data(), buffer.size(), 0)) > 0;) {
      received += static_cast<std::size_t>(size);
    }
  });
  check_errno(::connect(sender.get(), service.data(), service.size()), "connect");
  const Bytes chunk(1 << 18);
  const auto cpu = bench::cpu_ns();
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() < start + time) ::send(sender.get(), chunk.data(), chunk.size(), 0);
  ::shutdown(sender.get(), SHUT_WR);
  reader.join();
  const auto took = bench::milliseconds(std::chrono::steady_clock::now() - start);
  const auto frames = static_cast<double>(received) / 1448;
  fmt::print("{:36} {:.2f} Gbit/s, {:.2f} us of CPU a frame; {} failures\n", what,
             static_cast<double>(received) * 8 / took / 1e6, (bench::cpu_ns() - cpu) / frames / 1000,
             network.emulation_failures());
}

void idle(std::chrono::milliseconds time) {
  const auto network = Network::up(pair({.delay = 25ms}));
  const auto cpu = bench::cpu_ns();
  std::this_thread::sleep_for(time);
  fmt::print("idle for {} ms: {:.3f} ms of CPU\n", time.count(), (bench::cpu_ns() - cpu) / 1e6);
}

}  // namespace
}  // namespace wirelab

int main(int argc, char** argv) {
  using namespace wirelab;
  const int packets = argc > 1 ? std::atoi(argv[1]) : 10'000;
  become_lab_root();
  round_trips("RTT, no emulation", {}, 200);
  sleeps(50ms, 200);
  round_trips("RTT, 25 ms each way", {.delay = 25ms}, 200);
  round_trips("RTT, 25 +- 5 ms each way", {.delay = 25ms, .jitter = 5ms}, 200);
  for (const double share : {0.01, 0.05, 0.2}) loss(share, static_cast<std::uint32_t>(packets));
  throughput("TCP, no emulation", {}, 1s);
  throughput("TCP, 1 ms each way", {.delay = 1ms}, 1s);
  throughput("TCP, 100 Mbit/s", {.delay = 1ms, .rate = 100'000'000}, 1s);
  idle(1s);
}
