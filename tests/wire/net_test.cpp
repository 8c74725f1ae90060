// The network as it is found from inside a lab.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lab/net/links.hpp"
#include "lab/net/nft.hpp"
#include "tests/wire/net_ping.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

ino_t current_namespace() {
  struct stat status {};
  check_errno(::stat("/proc/thread-self/ns/net", &status), "stat the network namespace");
  return status.st_ino;
}

std::string content_of(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct Counters {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  friend bool operator==(const Counters&, const Counters&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Counters& counters) {
    return out << counters.received << " received, " << counters.sent << " sent";
  }
};

// Frames at an interface since it was made.
Counters counters_of(const Host& host, const std::string& interface = "eth0") {
  std::istringstream lines(host.in([] { return content_of("/proc/self/net/dev"); }));
  for (std::string word; lines >> word;) {
    if (word != interface + ":") continue;
    std::array<std::uint64_t, 10> values{};
    for (auto& value : values) lines >> value;
    return {values[1], values[9]};
  }
  throw std::logic_error("no interface " + interface);
}

Topology pair() {
  Topology net;
  const auto lan = net.lan("lan", {"10.0.0.0/24"});
  net.host("A", lan);
  net.host("B", lan);
  return net;
}

struct Shape {
  const char* name;
  std::function<Topology()> make;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.name; }

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all{
      {"a LAN",
       [] {
         Topology net;
         const auto lan = net.lan("lan", {"10.0.0.0/24", "fd00::/64"});
         net.host("A", lan);
         net.host("S", lan);
         return net;
       }},
      {"a link with the smallest prefixes",
       [] {
         Topology net;
         const auto link = net.link("link", {"10.0.0.0/31", "fd00::/127"});
         net.host("A", link);
         net.host("S", link);
         return net;
       }},
      {"three routers, LANs and links",
       [] {
         Topology net;
         const auto left = net.lan("left", {"10.0.1.0/24", "fd00:1::/64"});
         const auto one = net.link("one", {"10.0.2.0/30", "fd00:2::/64"});
         const auto two = net.lan("two", {"10.0.3.0/24", "fd00:3::/64"}, {.mtu = 1400});
         const auto right = net.link("right", {"10.0.4.0/24", "fd00:4::/64"});
         net.host("A", left);
         net.router("R1", {left, one});
         net.router("R2", {one, two});
         net.router("R3", {two, right});
         net.host("S", right);
         return net;
       }},
  };
  return all;
}

class NetworkOf : public testing::TestWithParam<Shape> {};

TEST_P(NetworkOf, AnswersTheFirstPing) {
  const auto network = Network::up(GetParam().make());
  const auto& s = network.host("S");
  for (const auto& [address, prefix] : s.interfaces()[0].addresses) {
    const auto rtt = ping(network.host("A"), address);
    ASSERT_TRUE(rtt) << address.to_string();
    // A lost ARP request or neighbour solicitation is sent again after a second.
    EXPECT_LT(*rtt, 900ms) << address.to_string();
  }
}

INSTANTIATE_TEST_SUITE_P(Every, NetworkOf, testing::ValuesIn(shapes()));

TEST(Network, IsWhatTheTopologySays) {
  const auto network = Network::up(shapes()[2].make());
  const auto& r2 = network.host("R2");
  EXPECT_TRUE(r2.forwards());
  EXPECT_FALSE(network.host("A").forwards());
  EXPECT_EQ(network.hosts().size(), 5U);
  const auto& two = r2.interface("eth1");
  EXPECT_EQ(two.segment, "two");
  EXPECT_EQ(two.mac.to_string(), "02:77:00:00:00:05");
  EXPECT_EQ(two.mtu, 1400U);
  EXPECT_EQ(two.addresses[0].address.to_string(), "10.0.3.1");
  EXPECT_EQ(two.addresses[0].prefix.to_string(), "10.0.3.0/24");
  EXPECT_EQ(r2.address().to_string(), "10.0.2.2");
  r2.in([&] {
    EXPECT_EQ(::if_nametoindex("eth1"), two.index);
    ifreq request{};
    std::strcpy(request.ifr_name, "eth1");
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::ioctl(socket.get(), SIOCGIFMTU, &request), 0);
    EXPECT_EQ(request.ifr_mtu, 1400);
  });
  EXPECT_GT(r2.namespace_fd(), 1023);
}

TEST(Network, RefusesUnknownNames) {
  const auto network = Network::up(pair());
  EXPECT_THROW(static_cast<void>(network.host("C")), std::logic_error);
  EXPECT_THROW(static_cast<void>(network.host("A").interface("eth1")), std::logic_error);
}

TEST(Network, RefusesAnUnfinishedTopology) {
  Topology net;
  net.host("A", net.link("half", {"10.0.0.0/31"}));
  EXPECT_THROW(static_cast<void>(Network::up(net)), TopologyError);
}

TEST(Network, ManyHostsOnOneLanSeeEachOther) {
  Topology net;
  const auto lan = net.lan("lan", {"10.0.0.0/24"});
  for (int i = 1; i <= 30; ++i) net.host(fmt::format("h{}", i), lan);
  const auto network = Network::up(net);
  for (const auto& host : network.hosts()) EXPECT_TRUE(ping(network.hosts()[0], host.address())) << host.name();
}

TEST(Network, ManyLinksInARing) {
  constexpr int routers = 40;
  Topology net;
  std::vector<Topology::SegmentId> links;
  for (int i = 0; i < routers; ++i) {
    const auto prefix = fmt::format("10.0.{}.0/31", i);
    links.push_back(net.link(fmt::format("l{}", i), {prefix}));
  }
  for (int i = 0; i < routers; ++i) net.router(fmt::format("r{}", i), {links[i], links[(i + 1) % routers]});
  const auto network = Network::up(net);
  EXPECT_TRUE(ping(network.host("r0"), network.host("r20").address()));
}

TEST(Network, TwoLabsOfTheSameNamesAreApart) {
  const auto one = Network::up(pair());
  const auto two = Network::up(pair());
  ASSERT_TRUE(ping(one.host("A"), one.host("B").address()));
  EXPECT_EQ(counters_of(two.host("B")), (Counters{0, 0}));
}

TEST(Network, KeepsItsHostsWhenMoved) {
  auto network = Network::up(pair());
  const Host& a = network.host("A");
  const auto moved = std::move(network);
  EXPECT_EQ(&moved.host("A"), &a);
  EXPECT_TRUE(ping(a, moved.host("B").address()));
}

TEST(Network, WithoutIpv6SendsNothingUnasked) {
  const auto network = Network::up(pair());
  const auto& a = network.host("A");
  EXPECT_EQ(counters_of(a), (Counters{0, 0}));
  ASSERT_TRUE(ping(a, network.host("B").address()));
  // An ARP request, an echo request, and their answers.
  EXPECT_EQ(counters_of(a), (Counters{2, 2}));
  for (const auto& host : network.hosts()) {
    EXPECT_THAT(host.in([] { return content_of("/proc/self/net/if_inet6"); }), IsEmpty()) << host.name();
  }
}

TEST(Network, WithIpv6SendsNothingUnasked) {
  const auto network = Network::up(shapes()[0].make());
  const auto& a = network.host("A");
  EXPECT_EQ(counters_of(a), (Counters{0, 0}));
  ASSERT_TRUE(ping(a, network.host("S").interfaces()[0].addresses[1].address));
  // A neighbour solicitation, an echo request, and their answers.
  EXPECT_EQ(counters_of(a), (Counters{2, 2}));
}

// Runs `work` in a child process whose /proc/sys is read-only, as in most containers; 0 if it returned true.
int with_read_only_sysctl(const std::function<bool()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool read_only = ::unshare(CLONE_NEWNS) == 0 &&
                           ::mount("/proc/sys", "/proc/sys", nullptr, MS_BIND, nullptr) == 0 &&
                           ::mount(nullptr, "/proc/sys", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0;
    try {
      ::_exit(read_only ? (work() ? 0 : 1) : 2);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(3);
    }
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(Network, NeedsNoWritableSysctl) {
  EXPECT_EQ(with_read_only_sysctl([] {
              Topology net;
              const auto left = net.lan("left", {"10.0.1.0/24"});
              const auto right = net.lan("right", {"10.0.2.0/24"});
              net.host("A", left);
              net.router("R", {left, right});
              net.host("S", right);
              const auto network = Network::up(net);
              const auto& a = network.host("A");
              return counters_of(a) == Counters{0, 0} && ping(a, network.host("S").address()).has_value() &&
                     counters_of(a) == Counters{2, 2};
            }),
            0);
}

TEST(Network, SaysThatAnIpv6RouterNeedsSysctl) {
  EXPECT_EQ(with_read_only_sysctl([] {
              Topology net;
              net.router("R", {net.lan("lan", {"fd00::/64"})});
              try {
                static_cast<void>(Network::up(net));
              } catch (const Missing& missing) {
                return std::string_view(missing.what()) ==
                       "/proc/sys is read-only here, and a router needs it for IPv6\nuse a lab without IPv6 prefixes";
              }
              return false;
            }),
            0);
}

// What a capture of S's interface shows while `talk` goes on.
std::vector<Bytes> frames_during(const Host& host, const std::function<void()>& talk) {
  const UniqueFd tap(
      host.in([] { return ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)); }));
  talk();
  std::vector<Bytes> frames;
  Bytes frame(70000);
  for (ssize_t size; (size = ::recv(tap.get(), frame.data(), frame.size(), 0)) >= 0;) {
    frames.emplace_back(frame.begin(), frame.begin() + size);
  }
  return frames;
}

// True if the IPv4 header and what it carries have right checksums.
bool has_right_checksums(ByteView packet) {
  const std::size_t header = (packet[0] & 0x0FU) * 4;
  const auto segment = packet.subspan(header, load_be16(&packet[2]) - header);
  return internet_checksum(packet.first(header)) == 0 &&
         transport_checksum(Ipv4::from_bytes(packet.subspan(12)), Ipv4::from_bytes(packet.subspan(16)), packet[9],
                            segment) == 0;
}

void expect_wire_like(const std::vector<Bytes>& frames, std::size_t mtu) {
  for (const auto& frame : frames) {
    EXPECT_LE(frame.size(), ETH_HLEN + mtu);
    if (load_be16(&frame[12]) == ETH_P_IP) {
      EXPECT_TRUE(has_right_checksums(ByteView(frame).subspan(ETH_HLEN)));
    }
  }
}

TEST(Network, CarriesTcpInFramesAsOnAWire) {
  const auto network = Network::up(pair());
  const Endpoint server{network.host("B").address(), Port{5000}};
  const SocketAddress address(server);
  for (const auto* seen_at : {"A", "B"}) {
    const auto frames = frames_during(network.host(seen_at), [&] {
      const UniqueFd listener(network.host("B").in([&] {
        UniqueFd socket(check_errno(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        const int on = 1;
        check_errno(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "reuse");
        check_errno(::bind(socket.get(), address.data(), address.size()), "bind");
        check_errno(::listen(socket.get(), 1), "listen");
        return socket;
      }));
      const UniqueFd client(network.host("A").in([] { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }));
      check_errno(::connect(client.get(), address.data(), address.size()), "connect");
      const UniqueFd accepted(check_errno(::accept(listener.get(), nullptr, nullptr), "accept"));
      Bytes data(60000, 'x');
      for (int round = 0; round < 3; ++round) {
        ASSERT_EQ(::send(client.get(), data.data(), data.size(), 0), static_cast<ssize_t>(data.size()));
        ASSERT_EQ(::recv(accepted.get(), data.data(), data.size(), MSG_WAITALL), static_cast<ssize_t>(data.size()));
      }
    });
    EXPECT_GT(frames.size(), 100U) << seen_at;  // 180 kB in segments of 1448 bytes
    expect_wire_like(frames, 1500);
  }
}

TEST(Network, CarriesUdpInFramesAsOnAWire) {
  const auto network = Network::up(pair());
  const SocketAddress address({network.host("B").address(), Port{5000}});
  for (const auto* seen_at : {"A", "B"}) {
    const UniqueFd receiver(network.host("B").in([] { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }));
    check_errno(::bind(receiver.get(), address.data(), address.size()), "bind");
    const auto frames = frames_during(network.host(seen_at), [&] {
      const UniqueFd sender(network.host("A").in([] { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }));
      const int each = 1000;
      check_errno(::setsockopt(sender.get(), IPPROTO_UDP, UDP_SEGMENT, &each, sizeof each), "UDP_SEGMENT");
      Bytes data(8000, 'x');
      ASSERT_EQ(::sendto(sender.get(), data.data(), data.size(), 0, address.data(), address.size()), 8000);
      for (int i = 0; i < 8; ++i) ASSERT_EQ(::recv(receiver.get(), data.data(), data.size(), 0), each);
    });
    EXPECT_GE(frames.size(), 8U) << seen_at;
    expect_wire_like(frames, 1500);
  }
}

TEST(Network, HoldsNoIcmpErrorBack) {
  auto topology = pair();
  const auto network = Network::up(topology);
  const UniqueFd socket(network.host("A").in([] { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }));
  const SocketAddress closed({network.host("B").address(), Port{9}});
  check_errno(::connect(socket.get(), closed.data(), closed.size()), "connect");
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(::send(socket.get(), "x", 1, 0), 1) << i;
    pollfd ready{socket.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, 2000), 1) << "no port unreachable for datagram " << i;
    ASSERT_EQ(::send(socket.get(), "x", 0, 0), -1);
    ASSERT_EQ(errno, ECONNREFUSED);
  }
}

TEST(HostIn, ComesBackAndHandsOnWhatTheWorkReturns) {
  const auto network = Network::up(pair());
  const auto home = current_namespace();
  const auto there = network.host("A").in(current_namespace);
  EXPECT_NE(there, home);
  EXPECT_EQ(current_namespace(), home);
  int value = 7;
  int& same = network.host("A").in([&]() -> int& { return value; });
  EXPECT_EQ(&same, &value);
}

TEST(HostIn, ComesBackFromAnException) {
  const auto network = Network::up(pair());
  const auto home = current_namespace();
  EXPECT_THROW(network.host("A").in([] { throw std::runtime_error("x"); }), std::runtime_error);
  EXPECT_EQ(current_namespace(), home);
}

TEST(HostIn, Nests) {
  const auto network = Network::up(pair());
  const auto home = current_namespace();
  const auto b = network.host("B").in(current_namespace);
  network.host("A").in([&] {
    const auto a = current_namespace();
    EXPECT_EQ(network.host("B").in(current_namespace), b);
    EXPECT_EQ(current_namespace(), a);
    const auto third = Network::up(pair());
    EXPECT_EQ(current_namespace(), a);
  });
  EXPECT_EQ(current_namespace(), home);
}

std::size_t open_descriptors() {
  const auto all = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(Ruleset, WorksInItsHostAlone) {
  const auto network = Network::up(pair());
  const auto before = open_descriptors();
  apply_ruleset(network.host("B"),
                "table ip test { chain in { type filter hook input priority 0; icmp type echo-request drop; }; }");
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(ping(network.host("A"), network.host("B").address(), 100ms));
  EXPECT_TRUE(ping(network.host("B"), network.host("A").address()));
}

TEST(Ruleset, SaysWhereItIsWrong) {
  const auto network = Network::up(pair());
  const auto home = current_namespace();
  try {
    apply_ruleset(network.host("A"), "add rule ip nothing in accept");
    ADD_FAILURE() << "not refused";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "nftables refused the rules: Could not process rule: No such file or directory\n"
                 "add rule ip nothing in accept\n"
                 "            ^^^^^^^");
  }
  EXPECT_EQ(current_namespace(), home);
}

// True once the interface is gone from this namespace; waits for up to two seconds.
bool vanishes(const char* interface) {
  const auto deadline = std::chrono::steady_clock::now() + 2s;
  while (::if_nametoindex(interface) != 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

// A child holds a lab and puts one end of a cable into a host of it. The other end, here, goes when that host does.
TEST(Network, GoesWithItsProcess) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const UniqueFd ready(pipe[0]);
  UniqueFd tell(pipe[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto network = Network::up(pair());
    Netlink here;
    here.add(make_cable({.name = "witness"}, {.name = "w", .namespace_fd = network.host("B").namespace_fd()}, "cable"));
    here.flush();
    static_cast<void>(!::write(tell.get(), "x", 1));
    for (;;) ::pause();
  }
  tell.reset();
  char byte = 0;
  ASSERT_EQ(::read(ready.get(), &byte, 1), 1);
  ASSERT_NE(::if_nametoindex("witness"), 0U);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(vanishes("witness"));
}

}  // namespace
}  // namespace wirelab
