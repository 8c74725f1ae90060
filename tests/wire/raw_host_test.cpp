// What raw/ finds out about the place it sends from: neighbours, routes, interfaces, privilege.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "raw/patch.hpp"
#include "raw/udp_probe.hpp"
#include "tests/wire/raw_lab.hpp"

namespace wirelab::raw::test {
namespace {

class RawHost : public testing::Test {
 protected:
  Lab lab{routed()};
};

TEST_F(RawHost, ANeighbourIsFoundByHand) {
  const struct {
    IpAddress source, target;
  } facts[] = {{Ipv4{10, 0, 1, 1}, Ipv4{10, 0, 1, 2}}, {*Ipv6::parse("fd00:1::1"), *Ipv6::parse("fd00:1::2")}};
  for (const auto& fact : facts) {
    NeighbourAsker asker(at(lab, "A"), "eth0");
    const auto answer = asker.ask(fact.source, fact.target, soon);
    ASSERT_TRUE(answer) << fact.target.to_string();
    EXPECT_EQ(answer->mac, lab.host("R").interface("eth0").mac);
    EXPECT_GT(answer->rtt, 0ns);
  }
}

TEST_F(RawHost, NobodyAnswersForAnAddressThatIsNotThere) {
  NeighbourAsker asker(at(lab, "A"), "eth0");
  EXPECT_FALSE(asker.ask(Ipv4{10, 0, 1, 1}, Ipv4{10, 0, 1, 99}, silence));
  EXPECT_EQ(lab.journal().forged().size(), 3U);  // it asked three times

  Pinger ping(at(lab, "A"), Ipv4{10, 0, 1, 99}, lab.random(), {.layer = Layer::ethernet, .neighbour_limit = silence});
  try {
    ping.send(1);
    FAIL() << "sent to nobody";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EHOSTUNREACH);
    EXPECT_THAT(error.what(), testing::StartsWith("ask for the MAC address of 10.0.1.99 on eth0"));
  }
}

TEST_F(RawHost, ARouteIsTheKernels) {
  const auto route = [&](const char* target) {
    return lab.host("A").in([&] { return route_to(*IpAddress::parse(target)); });
  };
  EXPECT_EQ(route("10.0.2.1").next_hop.to_string(), "10.0.1.2");
  EXPECT_EQ(route("10.0.2.1").source.to_string(), "10.0.1.1");
  EXPECT_EQ(route("10.0.2.1").interface, lab.host("A").interface("eth0").index);
  EXPECT_EQ(route("10.0.1.7").next_hop.to_string(), "10.0.1.7");
  EXPECT_EQ(route("fd00:2::1").next_hop.to_string(), "fd00:1::2");
  EXPECT_EQ(route("fd00:2::1").source.to_string(), "fd00:1::1");
  EXPECT_THROW(route("10.0.1.255"), std::system_error);
  EXPECT_THROW(route("ff02::1"), std::system_error);
}

TEST_F(RawHost, WithoutARouteTheTargetIsNamed) {
  Topology net;
  net.host("A", net.lan("alone", {"10.0.1.0/24"}));
  Lab alone(net);
  try {
    const Pinger ping(at(alone, "A"), Ipv4{192, 0, 2, 1}, alone.random());
    FAIL() << "found a route";
  } catch (const std::system_error& error) {
    EXPECT_STREQ(error.what(), "find a route to 192.0.2.1: Network is unreachable");
    EXPECT_EQ(error.code().value(), ENETUNREACH);
  }
}

TEST_F(RawHost, AHostCanPingItself) {
  for (const auto layer : {Layer::transport, Layer::network}) {
    for (const char* target : {"127.0.0.1", "::1", "10.0.1.1"}) {
      Pinger ping(at(lab, "A"), *IpAddress::parse(target), lab.random(), {.layer = layer});
      ping.send(1);
      const auto reply = ping.reply_within(soon);
      ASSERT_TRUE(reply) << target;
      EXPECT_EQ(reply->kind, ReplyKind::echo_reply);
      EXPECT_EQ(ping.counts().duplicates, 0U);
    }
  }
}

TEST_F(RawHost, TheKernelCutsWhatMayBeFragmented) {
  const struct {
    IpAddress target;
    ReplyKind kind;  // R may cut IPv4's first fragment further, and not IPv6's
  } facts[] = {{Ipv4{10, 0, 2, 2}, ReplyKind::echo_reply}, {*Ipv6::parse("fd00:2::2"), ReplyKind::too_big}};
  for (const auto& fact : facts) {
    Pinger ping(at(lab, "A"), fact.target, lab.random(), {.size = 3000, .dont_fragment = false});
    ping.send(1);
    const auto reply = ping.reply_within(soon);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->kind, fact.kind);
  }
}

TEST_F(RawHost, AHostCannotSendFramesToItself) {
  for (const char* target : {"127.0.0.1", "::1", "10.0.1.1"})
    EXPECT_THROW(Pinger(at(lab, "A"), *IpAddress::parse(target), lab.random(), {.layer = Layer::ethernet}), BadInput);
}

TEST_F(RawHost, ANamedInterfaceIsUsed) {
  for (const auto layer : {Layer::transport, Layer::network, Layer::ethernet}) {
    Pinger ping(at(lab, "R"), Ipv4{10, 0, 2, 2}, lab.random(), {.layer = layer, .interface = "eth1"});
    ping.send(1);
    EXPECT_TRUE(ping.reply_within(soon));
    // The other one does not lead there.
    Pinger astray(at(lab, "R"), Ipv4{10, 0, 2, 2}, lab.random(),
                  {.layer = layer, .interface = "eth0", .neighbour_limit = silence});
    if (layer == Layer::ethernet) {
      EXPECT_THROW(astray.send(1), std::system_error);
    } else {
      astray.send(1);
      EXPECT_FALSE(astray.reply_within(silence));
    }
  }
}

TEST_F(RawHost, AnUnknownInterfaceIsNamedWithThoseThatExist) {
  for (const auto layer : {Layer::transport, Layer::ethernet}) {
    try {
      const Pinger ping(at(lab, "R"), Ipv4{10, 0, 2, 2}, lab.random(), {.layer = layer, .interface = "eht0"});
      FAIL() << "opened";
    } catch (const BadInput& error) {
      EXPECT_STREQ(error.what(), "no interface is named 'eht0'\nthere are: lo, eth0, eth1");
    }
  }
}

TEST_F(RawHost, AHandMadeConversationWantsTheRightLayer) {
  EXPECT_THROW(UdpProbe(at(lab, "A"), {Ipv4{10, 0, 2, 1}, Port{9}}, lab.random(), {.layer = Layer::transport}),
               std::logic_error);
  Pinger network(at(lab, "A"), Ipv4{10, 0, 2, 1}, lab.random(), {.layer = Layer::network});
  EXPECT_THROW(network.send(1, break_header_checksum), std::logic_error);
  EXPECT_THROW(network.send(1, [](Packet& packet) { set_stated_length(packet, 20); }), std::logic_error);
  EXPECT_THROW(network.send(1, [](Packet& packet) { set_ip_id(packet, 0); }), std::logic_error);
}

TEST_F(RawHost, WhatIsWrongInTheIpHeaderGoesOnTheWireAsAFrame) {
  Pinger ping(at(lab, "A"), Ipv4{10, 0, 2, 2}, lab.random(), {.layer = Layer::ethernet});
  ping.send(1, break_header_checksum);
  EXPECT_FALSE(ping.reply_within(silence));
  ping.send(2, [](Packet& packet) { set_stated_length(packet, 2000); });
  EXPECT_FALSE(ping.reply_within(silence));
  ping.send(3);
  EXPECT_EQ(ping.reply_within(soon)->sequence, 3);
}

// In a user namespace of its own a process has every capability there and none over the network it came from.
TEST_F(RawHost, WithoutThePrivilegeItSaysWhichIsMissing) {
  const auto try_as_nobody = [](const std::function<void()>& open) {
    if (::unshare(CLONE_NEWUSER) != 0) ::_exit(2);
    try {
      open();
    } catch (const Denied& denied) {
      ::_exit(std::string_view(denied.what()).find("CAP_NET_RAW") != std::string_view::npos ? 0 : 3);
    }
    ::_exit(4);
  };
  const auto code_of = [&](const std::function<void()>& open) {
    const auto child = ::fork();
    if (child == 0) try_as_nobody(open);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  EXPECT_EQ(code_of([] { RawIcmpSocket(IpVersion::v4, {}); }), 0);
  EXPECT_EQ(code_of([] { RawIcmpSocket(IpVersion::v6, {}); }), 0);
  EXPECT_EQ(code_of([] { RawIpSocket(IpVersion::v4, {}); }), 0);
  EXPECT_EQ(code_of([] { PacketSocket("lo", {}); }), 0);
}

}  // namespace
}  // namespace wirelab::raw::test
