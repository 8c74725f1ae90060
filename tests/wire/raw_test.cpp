// Packets made by hand against the kernel's own stack:
//
//   A ---- left, 10.0.1.0/24 ---- R ---- right, 10.0.2.0/24, MTU 1400 ---- S
//          fd00:1::/64                   fd00:2::/64
#include <chrono>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/lab.hpp"
#include "raw/icmp.hpp"
#include "raw/patch.hpp"
#include "raw/pinger.hpp"
#include "raw/udp_probe.hpp"

namespace wirelab::raw {
namespace {

using namespace std::chrono_literals;

constexpr auto soon = 2s;        // for what must come
constexpr auto silence = 150ms;  // for what must not
constexpr std::uint32_t right_mtu = 1400;

Topology routed() {
  Topology net;
  const auto left = net.lan("left", {"10.0.1.0/24", "fd00:1::/64"});
  const auto right = net.lan("right", {"10.0.2.0/24", "fd00:2::/64"}, {.mtu = right_mtu});
  net.host("A", left);
  net.router("R", {left, right});
  net.host("S", right);
  return net;
}

// One lab for each combination of what is sent by and which IP.
struct Way {
  Layer layer;
  bool v4;
  friend void PrintTo(const Way& way, std::ostream* out) {
    constexpr std::array names{"ethernet", "network", "transport"};
    *out << names.at(static_cast<std::size_t>(way.layer)) << (way.v4 ? "_v4" : "_v6");
  }
};

class RawWire : public testing::TestWithParam<Way> {
 protected:
  [[nodiscard]] IpAddress address(std::string_view host, std::size_t interface = 0) const {
    const auto& addresses = lab.host(host).interfaces().at(interface).addresses;
    for (const auto& each : addresses) {
      if (each.address.is_v4() == GetParam().v4) return each.address;
    }
    throw std::logic_error("no such address");
  }
  Pinger pinger(Pinger::Options options = {}) {
    options.layer = GetParam().layer;
    return Pinger(at(lab, "A"), address("S"), lab.random(), options);
  }
  [[nodiscard]] IpAddress router() const { return address("R"); }

  Lab lab{routed()};
};

TEST_P(RawWire, EchoRequestsAreAnswered) {
  auto ping = pinger();
  for (std::uint16_t sequence = 1; sequence <= 3; ++sequence) {
    ping.send(sequence);
    const auto reply = ping.reply_within(soon);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->kind, ReplyKind::echo_reply);
    EXPECT_EQ(reply->from, address("S"));
    EXPECT_EQ(reply->identifier, ping.identifier());
    EXPECT_EQ(reply->sequence, sequence);
    EXPECT_EQ(reply->ttl, 63);
    EXPECT_EQ(reply->payload, 56U);
    EXPECT_GT(reply->rtt(), 0ns);
    EXPECT_LT(reply->rtt(), soon);
  }
  EXPECT_EQ(ping.counts().duplicates + ping.counts().foreign + ping.counts().altered + ping.counts().malformed, 0U);
}

TEST_P(RawWire, AHopTooManyIsAnsweredByTheRouter) {
  auto ping = pinger();
  ping.send(1, [](Packet& packet) { set_ttl(packet, 1); });
  const auto reply = ping.reply_within(soon);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->kind, ReplyKind::time_exceeded);
  EXPECT_EQ(reply->from, router());
  EXPECT_EQ(reply->identifier, ping.identifier());
  EXPECT_EQ(reply->sequence, 1);
}

TEST_P(RawWire, AnEchoOverTheFarMtuIsTooBig) {
  // 1300 bytes of data fit through the right link, 1400 do not; the left one carries both.
  auto fits = pinger({.size = 1300});
  fits.send(1);
  ASSERT_TRUE(fits.reply_within(soon));

  auto ping = pinger({.size = 1400});
  // Twice: what the kernel learns from the first must not keep the second back.
  for (std::uint16_t sequence = 1; sequence <= 2; ++sequence) {
    ping.send(sequence);
    const auto reply = ping.reply_within(soon);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->kind, ReplyKind::too_big);
    EXPECT_EQ(reply->from, router());
    EXPECT_EQ(reply->mtu, right_mtu);
    EXPECT_EQ(reply->sequence, sequence);
  }
}

TEST_P(RawWire, WhatExceedsTheOwnMtuIsRefusedAtOnce) {
  auto ping = pinger({.size = 1600});
  try {
    ping.send(1);
    FAIL() << "sent";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EMSGSIZE);
  }
}

TEST_P(RawWire, ABadChecksumMeetsSilence) {
  auto ping = pinger();
  const auto send = [&] { ping.send(1, break_checksum); };
  if (GetParam().layer == Layer::transport && !GetParam().v4) {
    EXPECT_THROW(send(), std::logic_error);  // the kernel would mend it
    return;
  }
  send();
  EXPECT_FALSE(ping.reply_within(silence));
  ping.send(2);
  EXPECT_EQ(ping.reply_within(soon)->sequence, 2);
}

TEST_P(RawWire, EveryPacketIsToldToTheJournalAsItWasSent) {
  auto ping = pinger();
  ping.send(1);
  ASSERT_TRUE(ping.reply_within(soon));
  const auto& forged = lab.journal().forged();
  // On the Ethernet layer the question for the router's MAC was made by hand too.
  const bool asked = GetParam().layer == Layer::ethernet;
  ASSERT_EQ(forged.size(), asked ? 2U : 1U);
  const auto& echo = forged.back();
  EXPECT_EQ(echo.host, "A");
  EXPECT_EQ(echo.layer, GetParam().layer);
  EXPECT_LE(echo.when, stamp_now());
  if (!asked) {
    EXPECT_EQ(echo.destination, address("S"));
    EXPECT_EQ(echo.protocol, GetParam().v4 ? protocol_icmp : protocol_icmpv6);
  }
}

TEST_P(RawWire, TheSameSeedMakesTheSamePackets) {
  const auto sent = [&] {
    std::mt19937_64 random(7);
    Pinger ping(at(lab, "A"), address("S"), random, {.layer = GetParam().layer});
    ping.send(1);
    return lab.journal().forged().back().bytes;
  };
  const auto first = sent();
  EXPECT_EQ(first, sent());
}

INSTANTIATE_TEST_SUITE_P(, RawWire,
                         testing::Values(Way{Layer::transport, true}, Way{Layer::transport, false},
                                         Way{Layer::network, true}, Way{Layer::network, false},
                                         Way{Layer::ethernet, true}, Way{Layer::ethernet, false}),
                         testing::PrintToStringParamName());

// The target is an address on the right that nobody owns, and S answers in its name whatever the test wants.
class OddAnswers : public RawWire {
 protected:
  [[nodiscard]] static IpAddress phantom() {
    if (GetParam().v4) return Ipv4{10, 0, 2, 99};
    return *Ipv6::parse("fd00:2::99");
  }
  Pinger pinger_with_data_of(std::size_t size) {
    return Pinger(at(lab, "A"), phantom(), lab.random(), {.layer = GetParam().layer, .size = size});
  }
  Packet reply_from(const IpAddress& source, const Pinger& ping, std::uint16_t sequence, std::string_view data = {}) {
    const Headers headers{.source = source, .destination = address("A"), .ip_id = 1};
    return echo_reply(headers, {.identifier = ping.identifier(), .sequence = sequence, .payload = as_bytes(data)});
  }
  RawIpSocket socket_in(std::string_view host) {
    const auto place = at(lab, host);
    return place.open([&] { return RawIpSocket(version_of(phantom()), place.witness); });
  }
  bool comes_to(const std::uint64_t& counter, std::uint64_t expected) {
    return lab.wait_until([&] { return counter == expected; }, soon);
  }
};

TEST_P(OddAnswers, ADuplicateIsNoticed) {
  auto ping = pinger_with_data_of(0);
  auto s = socket_in("S");
  std::vector<bool> told;
  ping.on_reply = [&](const Reply& reply) { told.push_back(reply.duplicate); };
  ping.send(1);
  s.send(reply_from(phantom(), ping, 1));
  s.send(reply_from(phantom(), ping, 1));
  EXPECT_TRUE(comes_to(ping.counts().duplicates, 1));
  EXPECT_EQ(told, (std::vector{false, true}));
  EXPECT_TRUE(ping.reply_within(0s));
  EXPECT_FALSE(ping.reply_within(0s));
}

TEST_P(OddAnswers, OtherDataThanWasSentIsNoReply) {
  auto ping = pinger_with_data_of(4);
  auto s = socket_in("S");
  ping.send(1);
  s.send(reply_from(phantom(), ping, 1, "evil"));
  s.send(reply_from(phantom(), ping, 1, "wire!"));
  EXPECT_TRUE(comes_to(ping.counts().altered, 2));
  s.send(reply_from(phantom(), ping, 1, "wire"));  // how "wirelab ..." begins
  EXPECT_TRUE(ping.reply_within(soon));
}

TEST_P(OddAnswers, OtherPeoplesAnswersAreForeign) {
  auto ping = pinger_with_data_of(0);
  auto s = socket_in("S");
  ping.send(1);
  auto other_identifier = reply_from(phantom(), ping, 1);
  set_identifier(other_identifier, static_cast<std::uint16_t>(ping.identifier() ^ 1));
  s.send(other_identifier);
  s.send(reply_from(phantom(), ping, 2));     // a sequence number that was never sent
  s.send(reply_from(address("S"), ping, 1));  // another host's
  s.send(time_exceeded({.source = address("S"), .destination = address("A"), .ip_id = 1}, {}));  // quotes nothing
  EXPECT_TRUE(comes_to(ping.counts().foreign, 4));
  EXPECT_FALSE(ping.reply_within(0s));
  s.send(reply_from(phantom(), ping, 1));
  EXPECT_TRUE(ping.reply_within(soon));
}

TEST_P(OddAnswers, AnErrorThatQuotesAnotherRequestIsForeign) {
  auto ping = pinger_with_data_of(0);
  auto r = socket_in("R");
  ping.send(1);
  const auto quote = [&](const IpAddress& target, std::uint16_t identifier, std::uint16_t sequence) {
    const auto offending = echo_request({.source = address("A"), .destination = target, .ip_id = 1},
                                        {.identifier = identifier, .sequence = sequence});
    r.send(
        time_exceeded({.source = router(), .destination = address("A"), .ip_id = 1}, offending.from(Layer::network)));
  };
  quote(phantom(), static_cast<std::uint16_t>(ping.identifier() ^ 1), 1);
  quote(phantom(), ping.identifier(), 2);
  quote(address("S"), ping.identifier(), 1);
  EXPECT_TRUE(comes_to(ping.counts().foreign, 3));
  EXPECT_FALSE(ping.reply_within(0s));
  quote(phantom(), ping.identifier(), 1);
  EXPECT_EQ(ping.reply_within(soon)->kind, ReplyKind::time_exceeded);
}

TEST_P(OddAnswers, AMalformedAnswerIsCountedAsSuch) {
  auto ping = pinger_with_data_of(0);
  auto s = socket_in("S");
  ping.send(1);
  auto wrong = reply_from(phantom(), ping, 1);
  break_checksum(wrong);
  s.send(wrong);
  // A raw ICMPv6 socket never gives a message with a wrong checksum; all others do.
  const bool kernel_checks = !GetParam().v4 && GetParam().layer != Layer::ethernet;
  if (!kernel_checks) {
    EXPECT_TRUE(comes_to(ping.counts().malformed, 1));
  }
  EXPECT_FALSE(ping.reply_within(silence));
}

INSTANTIATE_TEST_SUITE_P(, OddAnswers,
                         testing::Values(Way{Layer::transport, true}, Way{Layer::transport, false},
                                         Way{Layer::ethernet, true}, Way{Layer::ethernet, false}),
                         testing::PrintToStringParamName());

class UdpWire : public RawWire {
 protected:
  UdpProbe probe(UdpProbe::Options options = {}) {
    options.layer = GetParam().layer;
    return UdpProbe(at(lab, "A"), Endpoint{address("S"), closed}, lab.random(), options);
  }
  static constexpr Port closed{9};
};

TEST_P(UdpWire, AClosedPortIsUnreachable) {
  auto udp = probe();
  udp.send();
  const auto reply = udp.reply_within(soon);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->kind, ReplyKind::port_unreachable);
  EXPECT_EQ(reply->from, address("S"));
  EXPECT_EQ(reply->identifier, number(udp.source()));
  EXPECT_EQ(reply->sequence, number(closed));
}

TEST_P(UdpWire, AHopTooManyIsAnsweredByTheRouter) {
  auto udp = probe({.ttl = 1});
  udp.send();
  const auto reply = udp.reply_within(soon);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->kind, ReplyKind::time_exceeded);
  EXPECT_EQ(reply->from, router());
}

TEST_P(UdpWire, ABadChecksumMeetsSilence) {
  auto udp = probe();
  udp.send(break_checksum);
  EXPECT_FALSE(udp.reply_within(silence));
}

TEST_P(UdpWire, AnOpenPortReceivesIt) {
  const auto socket = lab.opener("S")(Transport::udp, {address("S"), Port{0}});
  UdpProbe udp(at(lab, "A"), local_endpoint(socket.get()), lab.random(),
               {.layer = GetParam().layer, .data = "by hand"});
  udp.send();
  std::string text(100, '\0');
  ASSERT_TRUE(lab.wait_until(
      [&] {
        const auto size = ::recv(socket.get(), text.data(), text.size(), 0);
        if (size >= 0) text.resize(static_cast<std::size_t>(size));
        return size >= 0;
      },
      soon))
      << "nothing came";
  EXPECT_EQ(text, "by hand");
}

INSTANTIATE_TEST_SUITE_P(, UdpWire,
                         testing::Values(Way{Layer::network, true}, Way{Layer::network, false},
                                         Way{Layer::ethernet, true}, Way{Layer::ethernet, false}),
                         testing::PrintToStringParamName());

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
    Pinger(at(alone, "A"), Ipv4{192, 0, 2, 1}, alone.random());
    FAIL() << "found a route";
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("find a route to 192.0.2.1"));
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
      Pinger(at(lab, "R"), Ipv4{10, 0, 2, 2}, lab.random(), {.layer = layer, .interface = "eht0"});
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
}  // namespace wirelab::raw
