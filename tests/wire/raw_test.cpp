// Packets made by hand against the kernel's own stack (raw_lab.hpp draws it).
#include <random>

#include <sys/socket.h>

#include "lab/base/socket_address.hpp"
#include "raw/patch.hpp"
#include "raw/udp_probe.hpp"
#include "tests/wire/raw_lab.hpp"

namespace wirelab::raw::test {
namespace {

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
  EXPECT_GE(number(udp.source()), 61000) << "no socket's";
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

}  // namespace
}  // namespace wirelab::raw::test
