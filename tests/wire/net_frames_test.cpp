// What goes over the links of a lab: nothing unasked, and frames as on a wire.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "tests/wire/net_labs.hpp"
#include "tests/wire/net_ping.hpp"

namespace wirelab {
namespace {

using testing::IsEmpty;

TEST(Frames, WithoutIpv6SendsNothingUnasked) {
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

TEST(Frames, WithIpv6SendsNothingUnasked) {
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

TEST(Frames, NeedsNoWritableSysctl) {
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

TEST(Frames, SaysThatAnIpv6RouterNeedsSysctl) {
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

TEST(Frames, CarriesTcpInFramesAsOnAWire) {
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

TEST(Frames, CarriesUdpInFramesAsOnAWire) {
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

TEST(Frames, HoldsNoIcmpErrorBack) {
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

}  // namespace
}  // namespace wirelab
