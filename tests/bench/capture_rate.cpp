// capture_rate: 400,000 packets a second for two seconds, from a sender in the lab to a trace file.
//
//   A ---- wire ---- B     a thread sends paced 60-byte frames from A, a tap on A's end captures them
//
// Prints what was sent, captured and dropped, and the CPU time of the capturing thread a packet, the writer included.
// Exits with 1 if a packet was lost.
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>

#include "capture/output_file.hpp"
#include "capture/tap.hpp"
#include "lab/base/error.hpp"
#include "lab/net/lab_root.hpp"
#include "tests/bench/bench.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t rate = 400'000, seconds = 2, packets = rate * seconds;
constexpr int rounds = 5;
constexpr std::size_t writer_batch = 64 << 10;  // as the program writes its traces

double thread_cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

UniqueFd open_sender(const Host& host) {
  const auto& interface = host.interface("eth0");
  return host.in([&] {
    UniqueFd fd(check_errno(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "packet socket"));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(interface.index);
    check_errno(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    return fd;
  });
}

// Sends at the rate, catching up after a delay. Returns how long it took.
Duration send_paced(int fd, const Mac& source, const Mac& destination) {
  Bytes frame(60);
  std::copy_n(destination.bytes().begin(), Mac::size, frame.begin());
  std::copy_n(source.bytes().begin(), Mac::size, frame.begin() + 6);
  store_be16(&frame[12], 0x88B5);
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t sent = 0; sent < packets; ++sent) {
    while (std::chrono::steady_clock::now() - start < Duration(1'000'000'000 / rate * sent)) continue;
    store_be32(&frame[14], static_cast<std::uint32_t>(sent));
    check_errno(static_cast<int>(::send(fd, frame.data(), frame.size(), 0)), "send a frame");
  }
  return std::chrono::steady_clock::now() - start;
}

struct Outcome {
  std::uint64_t captured = 0, dropped = 0;
  double cpu_a_packet = 0, rate = 0;
};

Outcome measure(const Network& network, const std::string& path) {
  const Host& a = network.host("A");
  capture::Tap tap(a, "eth0", 0, {.buffer = 16 << 20, .hold = 10ms, .snap_length = 2048});
  capture::OutputFile file(path);
  capture::PcapngWriter writer([&](ByteView bytes) { file.write(bytes); }, {.taps = {tap.info()}}, writer_batch);
  const capture::Tap::Sink sink = [&](const capture::PacketView& packet) { writer.write(packet); };
  const auto fd = open_sender(a);
  std::atomic<bool> sent = false;
  Duration took{};
  std::thread sender([&] {
    took = send_paced(fd.get(), a.interface("eth0").mac, network.host("B").interface("eth0").mac);
    sent = true;
  });
  Outcome outcome;
  const auto begin = thread_cpu_ns();
  while (!sent) {
    pollfd waiting{tap.fd(), POLLIN, 0};
    if (::poll(&waiting, 1, 100) > 0) tap.read(sink, -1);
  }
  sender.join();
  tap.drain(sink);
  writer.flush();
  const auto cpu = thread_cpu_ns() - begin;
  outcome.captured = writer.packets();
  outcome.dropped = tap.statistics().dropped.value_or(0);
  outcome.cpu_a_packet = cpu / static_cast<double>(outcome.captured);
  outcome.rate = static_cast<double>(packets) / std::chrono::duration<double>(took).count();
  return outcome;
}

int run(const std::string& folder) {
  become_lab_root();
  Topology topology;
  const auto wire = topology.link("wire", {"10.0.0.0/30"});
  topology.host("A", wire);
  topology.host("B", wire);
  const auto network = Network::up(topology);
  const auto path = folder + "/wirelab-capture-rate.pcapng";
  bool lost = false;
  std::vector<double> cpu;
  for (int round = 0; round < rounds; ++round) {
    const auto outcome = measure(network, path);
    fmt::print("sent {} at {:.0f}/s, captured {}, dropped {}, {:.0f} ns of CPU a packet, writer included\n", packets,
               outcome.rate, outcome.captured, outcome.dropped, outcome.cpu_a_packet);
    lost = lost || outcome.captured != packets || outcome.dropped != 0;
    cpu.push_back(outcome.cpu_a_packet);
  }
  std::filesystem::remove(path);
  fmt::print("median {:.0f} ns of CPU a packet (at most 100 wanted), {}\n", bench::median(cpu),
             lost ? "packets were LOST" : "nothing lost");
  return lost ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace wirelab

// capture_rate [FOLDER]: where the trace is written and removed again; /dev/shm, so that no disk is measured.
int main(int argc, char** argv) {
  try {
    return wirelab::run(argc > 1 ? argv[1] : "/dev/shm");
  } catch (const std::exception& error) {
    fmt::print(stderr, "capture_rate: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
