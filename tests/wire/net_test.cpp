// The network as it is found from inside a lab.
#include <fstream>
#include <functional>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
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
    EXPECT_EQ(content_of("/sys/class/net/eth1/mtu"), content_of("/sys/class/net/eth1/mtu"));
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
  const auto network = Network::up(shapes()[2].make == nullptr ? pair() : pair());
  const auto& a = network.host("A");
  EXPECT_EQ(counters_of(a), (Counters{0, 0}));
  ASSERT_TRUE(ping(a, network.host("B").address()));
  // An ARP request, an echo request, and their answers.
  EXPECT_EQ(counters_of(a), (Counters{2, 2}));
  for (const auto& host : network.hosts()) {
    EXPECT_THAT(host.in([] { return content_of("/proc/self/net/if_inet6"); }), IsEmpty()) << host.name();
  }
}

}  // namespace
}  // namespace wirelab
