// The way to a target, and the largest packet that it carries:
//
//   A ---- a ---- R1 ---- b ---- R2 ---- c ---- R3 ---- d, MTU 1400 ---- S
#include <array>

#include "lab/net/nft.hpp"
#include "raw/path_mtu.hpp"
#include "raw/trace_route.hpp"
#include "tests/wire/raw_lab.hpp"

namespace wirelab::raw::test {
namespace {

Topology three_routers() {
  Topology net;
  const auto a = net.lan("a", {"10.0.1.0/24", "fd00:1::/64"});
  const auto b = net.link("b", {"10.0.2.0/24", "fd00:2::/64"});
  const auto c = net.link("c", {"10.0.3.0/24", "fd00:3::/64"});
  const auto d = net.lan("d", {"10.0.4.0/24", "fd00:4::/64"}, {.mtu = 1400});
  net.host("A", a);
  net.router("R1", {a, b});
  net.router("R2", {b, c});
  net.router("R3", {c, d});
  net.host("S", d);
  return net;
}

class TraceWire : public testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] IpAddress address(std::string_view host) const {
    for (const auto& each : lab.host(host).interfaces().at(0).addresses) {
      if (each.address.is_v4() == GetParam()) return each.address;
    }
    throw std::logic_error("no such address");
  }
  TraceReport trace(TraceKind kind) {
    return trace_route(at(lab, "A"), address("S"), lab.random(),
                       {.kind = kind, .probing = {.attempts = 3, .patience = 500ms}});
  }
  // No ICMP error leaves that router.
  void silence_errors(std::string_view router) {
    apply_ruleset(lab.host(router),
                  "table inet t {\n chain c {\n  type filter hook output priority 0\n"
                  "  icmp type { destination-unreachable, time-exceeded } drop\n"
                  "  icmpv6 type { destination-unreachable, packet-too-big, time-exceeded } drop\n }\n}\n");
  }
  PathMtuReport mtu() { return path_mtu(at(lab, "A"), address("S"), lab.random(), {.patience = 100ms}); }

  Lab lab{three_routers()};
};

TEST_P(TraceWire, EveryHopIsNamedByEveryKindOfProbe) {
  for (const auto kind : {TraceKind::icmp, TraceKind::udp, TraceKind::tcp}) {
    const auto report = trace(kind);
    ASSERT_EQ(report.hops.size(), 4U) << name_of(kind);
    EXPECT_TRUE(report.reached);
    EXPECT_NE(report.number, 0);
    const std::array expected{address("R1"), address("R2"), address("R3"), address("S")};
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(report.hops[i].ttl, i + 1);
      for (const auto& probe : report.hops[i].probes) {
        ASSERT_TRUE(probe.answer) << name_of(kind) << " " << i;
        EXPECT_EQ(probe.answer->from, expected[i]);
        EXPECT_EQ(mark_of(*probe.answer), "");
        EXPECT_GT(probe.rtt(), Duration::zero());
      }
    }
  }
}

TEST_P(TraceWire, ASilentRouterIsToldAndPassed) {
  silence_errors("R2");
  const auto report = trace(TraceKind::icmp);
  ASSERT_EQ(report.hops.size(), 4U);
  EXPECT_FALSE(report.hops[0].silent());
  EXPECT_TRUE(report.hops[1].silent());
  EXPECT_FALSE(report.hops[2].silent());
  EXPECT_TRUE(report.reached);
}

TEST_P(TraceWire, WhoRefusesEndsIt) {
  apply_ruleset(lab.host("R2"),
                "table inet t {\n chain c {\n  type filter hook forward priority 0\n"
                "  reject with icmpx type admin-prohibited\n }\n}\n");
  const auto report = trace(TraceKind::icmp);
  EXPECT_FALSE(report.reached);
  ASSERT_FALSE(report.hops.empty());
  const auto& answer = report.hops.back().probes[0].answer;
  ASSERT_TRUE(answer);
  EXPECT_EQ(mark_of(*answer), "!X");
  EXPECT_EQ(answer->from, address("R2"));
}

TEST_P(TraceWire, NoMoreHopsThanAskedFor) {
  const auto report = trace_route(at(lab, "A"), address("S"), lab.random(), {.max_ttl = 2});
  EXPECT_EQ(report.hops.size(), 2U);
  EXPECT_FALSE(report.reached);
  EXPECT_THROW(trace_route(at(lab, "A"), address("S"), lab.random(), {.max_ttl = 0}), std::logic_error);
  EXPECT_THROW(trace_route(at(lab, "A"), address("S"), lab.random(), {.probes = 0}), std::logic_error);
}

TEST_P(TraceWire, ThePathsMtuIsLearnedFromTheRouter) {
  const auto report = mtu();
  EXPECT_EQ(report.mtu, 1400U);
  EXPECT_FALSE(report.black_hole);
  ASSERT_EQ(report.steps.size(), 2U);
  EXPECT_EQ(report.steps[0].size, 1500U);
  ASSERT_TRUE(report.steps[0].reply);
  EXPECT_EQ(report.steps[0].reply->from, address("R3"));
}

TEST_P(TraceWire, ABlackHoleIsFoundAndMeasured) {
  silence_errors("R3");
  const auto report = mtu();
  EXPECT_EQ(report.mtu, 1400U);
  EXPECT_TRUE(report.black_hole);
}

INSTANTIATE_TEST_SUITE_P(, TraceWire, testing::Bool(),
                         [](const auto& each) { return std::string(each.param ? "v4" : "v6"); });

}  // namespace
}  // namespace wirelab::raw::test
