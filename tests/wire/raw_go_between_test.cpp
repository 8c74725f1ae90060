// A go-between on a LAN: it passes on what two neighbours send each other by way of its MAC, and nothing else.
#include <gtest/gtest.h>

#include "lab/net/neighbours.hpp"
#include "raw/go_between.hpp"
#include "raw/icmp_reply.hpp"
#include "tests/wire/raw_lab.hpp"

namespace wirelab::raw::test {
namespace {

Topology lan_of_four() {
  Topology net;
  const auto lan = net.lan("lan", {"10.0.1.0/24"});
  for (const auto* host : {"A", "M", "S", "T"}) net.host(host, lan);
  return net;
}

class GoBetweenOnALan : public testing::Test {
 protected:
  [[nodiscard]] Identity identity_of(const char* host) const {
    return {lab.host(host).address(), lab.host(host).interface("eth0").mac};
  }
  // Both take M to be the other.
  void misdirect(const char* one, const char* other) {
    const auto m = identity_of("M").mac;
    set_static_neighbour(lab.host(one), "eth0", lab.host(other).address(), m);
    set_static_neighbour(lab.host(other), "eth0", lab.host(one).address(), m);
  }
  bool answered(const char* from, const char* to, Duration limit) {
    Pinger ping(at(lab, from), lab.host(to).address(), lab.random());
    ping.send(1);
    const auto reply = ping.reply_within(limit);
    return reply && reply->kind == ReplyKind::echo_reply && reply->ttl == 64;
  }

  Lab lab{lan_of_four()};
};

TEST_F(GoBetweenOnALan, PassesOnWhatTheTwoSendEachOtherUnchanged) {
  misdirect("A", "S");
  EXPECT_FALSE(answered("A", "S", silence)) << "M's kernel does not forward";
  GoBetween between(at(lab, "M"), "eth0", identity_of("A"), identity_of("S"));
  std::size_t seen = 0;
  between.on_packet = [&](ByteView packet) { seen += packet.size() > ipv4_header_size ? 1 : 0; };
  EXPECT_TRUE(answered("A", "S", soon));
  EXPECT_EQ(between.passed_on(), 2U);
  EXPECT_EQ(seen, 2U);
}

TEST_F(GoBetweenOnALan, LeavesAloneWhatIsNotBetweenTheTwo) {
  misdirect("A", "T");
  const GoBetween between(at(lab, "M"), "eth0", identity_of("A"), identity_of("S"));
  EXPECT_FALSE(answered("A", "T", silence));
  EXPECT_TRUE(answered("A", "M", soon));
  EXPECT_TRUE(answered("A", "S", soon)) << "which does not come by M";
  EXPECT_EQ(between.passed_on(), 0U);
}

}  // namespace
}  // namespace wirelab::raw::test
