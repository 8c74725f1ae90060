// send_rate: how many 60-byte UDP frames a second leave, by our sender and by others, taking turns.
//
//   A ---- wire ---- B     B drops them at its door, so that nobody answers
//
// Each contender is a process in A; counted are the frames that A's interface has sent within half a second, after it
// has begun. With a tap on A's interface the program then shows that a capture sees all that our sender sent.
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "capture/tap.hpp"
#include "lab/net/lab_root.hpp"
#include "lab/net/nft.hpp"
#include "raw/frame_sender.hpp"
#include "raw/template.hpp"
#include "raw/udp.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/peers.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;
using bench::ChildProcess;

constexpr auto window = 500ms;
constexpr auto longest_start = 5s;
constexpr std::size_t payload = 18;  // 60 bytes in all

std::uint64_t frames_sent(const Host& host) {
  return host.in([] {
    std::ifstream file("/proc/self/net/dev");
    for (std::string word; file >> word;) {
      if (word != "eth0:") continue;
      std::uint64_t value = 0;
      for (int i = 0; i < 10; ++i) file >> value;
      return value;
    }
    throw std::logic_error("no eth0");
  });
}

raw::Packet datagram(const Network& network) {
  const auto& a = network.host("A");
  const auto& b = network.host("B");
  const raw::Headers headers{.source = a.address(),
                             .destination = b.address(),
                             .ethernet_source = a.interface("eth0").mac,
                             .ethernet_destination = b.interface("eth0").mac};
  return raw::udp_datagram(headers, Port{4000}, Port{9}, Bytes(payload));
}

// Sends for ten seconds at most, unless it is stopped before.
void send_patched(const Network& network) {
  const auto loop = Selector::make();
  raw::FrameSender sender(raw::here(*loop), "eth0");
  raw::Template frame(datagram(network));
  sender.burst({.count = 1'000'000'000, .time = 10s, .rate = 1e9}, [&](std::uint64_t i) {
    const auto word = static_cast<std::uint16_t>(i);
    frame.set_source_port(Port{word});
    frame.set_ip_id(word);
    return frame.frame();
  });
}

// The least that sending a frame takes: one that never changes, and nothing but the system call.
void send_bare(const Network& network) {
  const UniqueFd fd(check_errno(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "packet socket"));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(network.host("A").interface("eth0").index);
  check_errno(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
  const auto packet = datagram(network);
  const auto frame = packet.from(raw::Layer::ethernet);
  for (std::uint64_t i = 0; i < 50'000'000; ++i) ::send(fd.get(), frame.data(), frame.size(), 0);
}

struct Contender {
  std::string name;
  double wanted;  // ours against theirs, at least
  std::function<void()> work;
  std::vector<std::string> command;
};

std::string trafgen_packet(const Network& network, const std::string& folder) {
  const auto path = folder + "/wirelab-send-rate.trafgen";
  std::ofstream file(path);
  file << "{ 0x" << to_hex(datagram(network).from(raw::Layer::ethernet), ", 0x") << " }\n";
  return path;
}

std::vector<Contender> contenders(const Network& network, const std::string& folder) {
  const auto b = network.host("B").address().to_string();
  const auto mac = network.host("B").interface("eth0").mac.to_string();
  const auto scapy = fmt::format(
      "from scapy.all import Ether,IP,UDP,Raw,conf\n"
      "s=conf.L2socket(iface='eth0')\np=Ether(dst='{}')/IP(dst='{}')/UDP(sport=4000,dport=9)/Raw(bytes({}))\n"
      "while True: s.send(p)\n",
      mac, b, payload);
  std::vector<Contender> all{
      {"bare loop of send()", 0.95, [&network] { send_bare(network); }, {}},
      {"hping3 --flood", 3, {}, {"hping3", "--flood", "--udp", "-p", "9", "-d", std::to_string(payload), b}},
      {"nping",
       2.5,
       {},
       {"nping", "--udp", "-p", "9", "--data-length", std::to_string(payload), "--rate", "10000000", "-c", "100000000",
        "-H", "-N", "-q", "--send-eth", "--dest-mac", mac, b}},
      {"trafgen, 1 CPU",
       1.1,
       {},
       {"trafgen", "--cpus", "1", "--dev", "eth0", "--conf", trafgen_packet(network, folder), "-n", "0"}},
      {"scapy L2socket", 90, {}, {"/usr/bin/python3", "-c", scapy}},
  };
  std::erase_if(all, [](const Contender& each) {
    const bool missing = !each.command.empty() && !bench::installed(each.command[0]);
    if (missing) fmt::print("{} is not installed and left out\n", each.command[0]);
    return missing;
  });
  return all;
}

// Frames a second, once it has begun to send; 0 if it never does.
double rate_of(const Host& host, ChildProcess& process) {
  const auto begin = std::chrono::steady_clock::now();
  const auto before = frames_sent(host);
  while (frames_sent(host) < before + 200) {
    if (std::chrono::steady_clock::now() - begin > longest_start) return 0;
    ::usleep(1000);
  }
  const auto first = frames_sent(host);
  const auto from = std::chrono::steady_clock::now();
  ::usleep(std::chrono::microseconds(window).count());
  const auto sent = frames_sent(host) - first;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - from;
  process.stop();
  return static_cast<double>(sent) / took.count();
}

double measure(const Network& network, const Contender& contender) {
  const auto& a = network.host("A");
  if (contender.work) {
    ChildProcess process(a, contender.work);
    return rate_of(a, process);
  }
  ChildProcess process(a, contender.command);
  return rate_of(a, process);
}

// Everything that is sent is to be seen by a capture on the sender's own interface. True if it was.
bool all_visible(const Network& network) {
  constexpr std::uint64_t count = 50'000;
  const auto& a = network.host("A");
  capture::Tap tap(a, "eth0", 0, {.buffer = 64 << 20, .hold = 10ms, .snap_length = 96});
  const auto loop = Selector::make();
  auto place = raw::here(*loop);
  place.inside = [&a](const std::function<void()>& work) { a.in(work); };
  raw::FrameSender sender(place, "eth0");
  raw::Template frame(datagram(network));
  const auto done = sender.burst({.count = count, .time = 5s, .rate = 1e9}, [&](std::uint64_t i) {
    frame.set_ip_id(static_cast<std::uint16_t>(i));
    return frame.frame();
  });
  std::uint64_t seen = 0;
  tap.drain([&](const capture::PacketView&) { ++seen; });
  fmt::print("{} sent, {} seen by a capture on the sender's interface\n", done.sent, seen);
  return seen == done.sent;
}

int run(int rounds, const std::string& folder) {
  become_lab_root();
  Topology topology;
  const auto wire = topology.link("wire", {"10.0.0.0/30"});
  topology.host("A", wire);
  topology.host("B", wire);
  const auto network = Network::up(topology);
  apply_ruleset(
      network.host("B"),
      "table ip t {\n chain c {\n  type filter hook prerouting priority -300\n  meta l4proto udp drop\n }\n}\n");
  const Contender ours{"wirelab", 0, [&network] { send_patched(network); }, {}};
  const auto others = contenders(network, folder);
  std::vector<std::vector<double>> own(others.size()), theirs(others.size()), ratios(others.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < others.size(); ++i) {
      own[i].push_back(measure(network, ours));
      theirs[i].push_back(measure(network, others[i]));
      if (theirs[i].back() > 0) ratios[i].push_back(own[i].back() / theirs[i].back());
    }
  }
  bool reached = true;
  for (std::size_t i = 0; i < others.size(); ++i) {
    const auto ratio = ratios[i].empty() ? 0 : bench::median(ratios[i]);
    reached = reached && ratio >= others[i].wanted;
    fmt::print("{:22} {:9.0f} frames/s, wirelab beside it {:9.0f}: {:6.2f} times (at least {} wanted)\n",
               others[i].name, bench::median(theirs[i]), bench::median(own[i]), ratio, others[i].wanted);
  }
  reached = all_visible(network) && reached;
  std::filesystem::remove(folder + "/wirelab-send-rate.trafgen");
  return reached ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace wirelab

// send_rate [ROUNDS [FOLDER]]: the folder is for a file that trafgen reads.
int main(int argc, char** argv) {
  try {
    return wirelab::run(argc > 1 ? std::atoi(argv[1]) : 5, argc > 2 ? argv[2] : "/dev/shm");
  } catch (const std::exception& error) {
    fmt::print(stderr, "send_rate: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
