#include "lab/net/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wirelab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const auto& values) {
  std::vector<std::string> result;
  for (const auto& value : values) result.push_back(value.to_string());
  return result;
}

std::vector<std::string> routes(const Topology& net, std::string_view name) {
  std::vector<std::string> result;
  for (const auto& route : net.routes_of(net.find(name).value())) {
    result.push_back(fmt::format("{} via {}", route.destination, route.gateway));
  }
  return result;
}

// A --- R1 --- R2 --- S, with a short cut R1 --- R3 that leads nowhere else.
Topology three_routers() {
  Topology net;
  const auto left = net.lan("left", {"10.0.1.0/24", "fd00:1::/64"});
  const auto middle = net.link("middle", {"10.0.2.0/31", "fd00:2::/127"});
  const auto right = net.lan("right", {"10.0.3.0/24", "fd00:3::/64"}, {.mtu = 1400});
  const auto stub = net.lan("stub", {"192.0.2.0/28"});
  net.host("A", left);
  net.router("R1", {left, middle, stub});
  net.router("R2", {middle, right});
  net.router("R3", {stub});
  net.host("S", right);
  return net;
}

TEST(Topology, HandsOutAddressesMacsAndNames) {
  const auto net = three_routers();
  const auto& r1 = net.node(net.find("R1").value());
  EXPECT_TRUE(r1.forwards);
  ASSERT_EQ(r1.interfaces.size(), 3U);
  EXPECT_EQ(r1.interfaces[1].name, "eth1");
  EXPECT_EQ(r1.interfaces[1].segment, net.find_segment("middle").value());
  EXPECT_THAT(texts(r1.interfaces[0].addresses), ElementsAre("10.0.1.2", "fd00:1::2"));
  EXPECT_THAT(texts(r1.interfaces[1].addresses), ElementsAre("10.0.2.0", "fd00:2::"));
  EXPECT_EQ(r1.interfaces[0].mac.to_string(), "02:77:00:00:00:02");
  const auto& s = net.node(net.find("S").value());
  EXPECT_FALSE(s.forwards);
  EXPECT_EQ(s.interfaces[0].mac.to_string(), "02:77:00:00:00:08");
  EXPECT_EQ(net.find("nobody"), std::nullopt);
  EXPECT_EQ(net.find_segment("nothing"), std::nullopt);
}

TEST(Topology, SegmentsKnowTheirMembers) {
  const auto net = three_routers();
  const auto& left = net.segment(net.find_segment("left").value());
  ASSERT_EQ(left.members.size(), 2U);
  EXPECT_EQ(net.node(left.members[1].node).name, "R1");
  EXPECT_EQ(left.kind, Topology::Kind::lan);
  EXPECT_EQ(net.segments()[1].kind, Topology::Kind::point_to_point);
  EXPECT_EQ(net.segments()[2].options.mtu, 1400U);
}

TEST(Topology, RoutesByTheFewestHops) {
  const auto net = three_routers();
  EXPECT_THAT(routes(net, "A"), ElementsAre("0.0.0.0/0 via 10.0.1.2", "::/0 via fd00:1::2"));
  EXPECT_THAT(routes(net, "R1"), ElementsAre("10.0.3.0/24 via 10.0.2.1", "fd00:3::/64 via fd00:2::1"));
  EXPECT_THAT(routes(net, "R2"),
              ElementsAre("10.0.1.0/24 via 10.0.2.0", "192.0.2.0/28 via 10.0.2.0", "fd00:1::/64 via fd00:2::"));
  EXPECT_THAT(routes(net, "R3"),
              ElementsAre("10.0.1.0/24 via 192.0.2.1", "10.0.2.0/31 via 192.0.2.1", "10.0.3.0/24 via 192.0.2.1"));
}

TEST(Topology, PrefersTheShorterWayOfTwo) {
  Topology net;
  const auto a = net.lan("a", {"10.0.1.0/24"});
  const auto b = net.lan("b", {"10.0.2.0/24"});
  const auto c = net.lan("c", {"10.0.3.0/24"});
  const auto d = net.lan("d", {"10.0.4.0/24"});
  net.router("R1", {a, b, c});
  net.router("R2", {b, d});
  net.router("R3", {c, b});
  EXPECT_THAT(routes(net, "R3"), ElementsAre("10.0.1.0/24 via 10.0.3.1", "10.0.4.0/24 via 10.0.2.2"));
}

TEST(Topology, AHostAloneHasNoRoute) {
  Topology net;
  const auto quiet = net.lan("quiet", {"10.0.0.0/24"});
  const auto busy = net.lan("busy", {"10.0.1.0/24"});
  net.host("A", quiet);
  net.router("R", {busy});
  net.host("B", {quiet, busy});
  EXPECT_THAT(routes(net, "A"), IsEmpty());
  EXPECT_THAT(routes(net, "B"), ElementsAre("0.0.0.0/0 via 10.0.1.1"));
}

TEST(Topology, Ipv6IsOnIfAnySegmentHasIt) {
  Topology net;
  net.lan("a", {"10.0.0.0/24"});
  EXPECT_FALSE(net.has_ipv6());
  net.lan("b", {"fd00::/64"});
  EXPECT_TRUE(net.has_ipv6());
}

TEST(Topology, IsDrawn) {
  EXPECT_EQ(three_routers().to_string(),
            "left: LAN 10.0.1.0/24 fd00:1::/64\n"
            "├─ A   eth0  02:77:00:00:00:01  10.0.1.1 fd00:1::1\n"
            "└─ R1  eth0  02:77:00:00:00:02  10.0.1.2 fd00:1::2  router\n"
            "middle: link 10.0.2.0/31 fd00:2::/127\n"
            "├─ R1  eth1  02:77:00:00:00:03  10.0.2.0 fd00:2::  router\n"
            "└─ R2  eth0  02:77:00:00:00:05  10.0.2.1 fd00:2::1  router\n"
            "right: LAN 10.0.3.0/24 fd00:3::/64, MTU 1400\n"
            "├─ R2  eth1  02:77:00:00:00:06  10.0.3.1 fd00:3::1  router\n"
            "└─ S   eth0  02:77:00:00:00:08  10.0.3.2 fd00:3::2\n"
            "stub: LAN 192.0.2.0/28\n"
            "├─ R1  eth2  02:77:00:00:00:04  192.0.2.1  router\n"
            "└─ R3  eth0  02:77:00:00:00:07  192.0.2.2  router\n");
}

// Each mistake is made in a lab that has LAN "wan" (198.51.100.0/24) with host "H", and link "cable" (10.9.0.0/31)
// with hosts "E1" and "E2".
struct Mistake {
  std::function<void(Topology&)> make;
  std::string text;
};

const std::vector<Mistake>& mistakes() {
  using T = Topology;
  static const auto wan = [](const T& net) { return net.find_segment("wan").value(); };
  static const auto cable = [](const T& net) { return net.find_segment("cable").value(); };
  static const std::vector<Mistake> all{
      {[](T& n) { n.lan("", {"10.0.0.0/24"}); }, "a LAN needs a name"},
      {[](T& n) { n.link("", {"10.0.0.0/31"}); }, "a link needs a name"},
      {[](T& n) { n.host("", wan(n)); }, "a host needs a name"},
      {[](T& n) { n.host("sixteen-letters-", wan(n)); },
       "host \"sixteen-letters-\": the name has 16 characters, at most 15 are allowed"},
      {[](T& n) { n.router("R 1", {wan(n)}); }, "router \"R 1\": a name has only letters, digits, '-' and '_'"},
      {[](T& n) { n.host("B\x1b[2J", wan(n)); }, "host \"B\\x1b[2J\": a name has only letters, digits, '-' and '_'"},
      {[](T& n) { n.lan("é", {"10.0.0.0/24"}); }, "LAN \"é\": a name has only letters, digits, '-' and '_'"},
      {[](T& n) { n.host("H", wan(n)); }, "host \"H\": there is already a node of that name"},
      {[](T& n) { n.router("H", {wan(n)}); }, "router \"H\": there is already a node of that name"},
      {[](T& n) { n.link("wan", {"10.0.0.0/31"}); }, "link \"wan\": there is already a segment of that name"},
      {[](T& n) { n.lan("x", {}); }, "LAN \"x\" needs a prefix"},
      {[](T& n) { n.lan("x", {"10.0.0.0"}); },
       "LAN \"x\": \"10.0.0.0\" is no prefix such as 10.0.1.0/24 or fd00:1::/64"},
      {[](T& n) { n.lan("x", {"10.0.0.0/33"}); },
       "LAN \"x\": \"10.0.0.0/33\" is no prefix such as 10.0.1.0/24 or fd00:1::/64"},
      {[](T& n) { n.lan("x", {"10.0.0.256/24"}); },
       "LAN \"x\": \"10.0.0.256/24\" is no prefix such as 10.0.1.0/24 or fd00:1::/64"},
      {[](T& n) { n.lan("x", {"\n"}); }, "LAN \"x\": \"\\x0a\" is no prefix such as 10.0.1.0/24 or fd00:1::/64"},
      {[](T& n) { n.lan("x", {"10.0.0.1/24"}); },
       "LAN \"x\": 10.0.0.1/24 has host bits set; the prefix is 10.0.0.0/24"},
      {[](T& n) { n.lan("x", {"fd00::1/64"}); }, "LAN \"x\": fd00::1/64 has host bits set; the prefix is fd00::/64"},
      {[](T& n) {
         n.lan("x", {"10.0.0.0/24", "10.0.1.0/24"});
       },
       "LAN \"x\": 10.0.0.0/24 and 10.0.1.0/24 are of the same IP version; a segment has one prefix of each"},
      {[](T& n) { n.lan("x", {"198.51.100.128/25"}); },
       "LAN \"x\": 198.51.100.128/25 overlaps 198.51.100.0/24 of LAN \"wan\""},
      {[](T& n) { n.link("x", {"10.8.0.0/15"}); }, "link \"x\": 10.8.0.0/15 overlaps 10.9.0.0/31 of link \"cable\""},
      {[](T& n) { n.lan("x", {"127.1.0.0/16"}); }, "LAN \"x\": 127.1.0.0/16 overlaps 127.0.0.0/8, which is loopback"},
      {[](T& n) { n.lan("x", {"0.0.0.0/0"}); }, "LAN \"x\": 0.0.0.0/0 overlaps 0.0.0.0/8, which is \"this network\""},
      {[](T& n) { n.lan("x", {"fe80::/64"}); }, "LAN \"x\": fe80::/64 overlaps fe80::/10, which is link-local"},
      {[](T& n) { n.lan("x", {"ff02::/16"}); }, "LAN \"x\": ff02::/16 overlaps ff00::/8, which is multicast"},
      {[](T& n) { n.lan("x", {"10.0.0.0/24"}, {.mtu = 575}); }, "LAN \"x\": an MTU of 575 is outside 576 to 65535"},
      {[](T& n) { n.lan("x", {"10.0.0.0/24"}, {.mtu = 65536}); }, "LAN \"x\": an MTU of 65536 is outside 576 to 65535"},
      {[](T& n) { n.lan("x", {"fd00::/64"}, {.mtu = 1279}); },
       "LAN \"x\": an MTU of 1279 is outside 1280 to 65535 (IPv6)"},
      {[](T& n) { n.host("B", std::vector<T::SegmentId>{}); }, "host \"B\" is on no segment"},
      {[](T& n) { n.router("R", {}); }, "router \"R\" is on no segment"},
      {[](T& n) {
         n.router("R", {wan(n), wan(n)});
       },
       "router \"R\" joins LAN \"wan\" twice"},
      {[](T& n) { n.host("B", cable(n)); }, "host \"B\": link \"cable\" already has its two ends, E1 and E2"},
      {[](T& n) { n.host("B", T::SegmentId{7}); }, "segment 7 is not of this topology, which has 2"},
      {[](T& n) { static_cast<void>(n.node({9})); }, "node 9 is not of this topology, which has 3"},
      {[](T& n) {
         const auto tiny = n.lan("tiny", {"10.0.0.0/30"});
         for (const auto* name : {"B1", "B2", "B3"}) n.host(name, tiny);
       },
       "host \"B3\": 10.0.0.0/30 of LAN \"tiny\" has only 2 addresses"},
      {[](T& n) {
         n.host("B", n.link("half", {"10.0.0.0/31"}));
         n.check();
       },
       "link \"half\" has 1 of its two ends"},
      {[](T&) { T{}.check(); }, "the lab has no host"},
  };
  return all;
}

TEST(Topology, EveryMistakeIsNamed) {
  for (const auto& [make, text] : mistakes()) {
    Topology net;
    net.host("H", net.lan("wan", {"198.51.100.0/24"}));
    const auto cable = net.link("cable", {"10.9.0.0/31"});
    net.host("E1", cable);
    net.host("E2", cable);
    try {
      make(net);
      ADD_FAILURE() << "not noticed: " << text;
    } catch (const TopologyError& error) {
      EXPECT_EQ(error.what(), text);
    }
  }
}

TEST(Topology, AMistakeLeavesItAsItWas) {
  auto net = three_routers();
  const auto before = net.to_string();
  const auto left = net.find_segment("left").value();
  const auto middle = net.find_segment("middle").value();
  EXPECT_THROW(net.host("B", {left, middle}), TopologyError);
  EXPECT_THROW(net.lan("x", {"10.7.0.0/24", "10.0.1.0/24"}), TopologyError);
  EXPECT_EQ(net.to_string(), before);
  net.host("B", left);
  EXPECT_EQ(net.node(net.find("B").value()).interfaces[0].mac.to_string(), "02:77:00:00:00:09");
}

}  // namespace
}  // namespace wirelab
