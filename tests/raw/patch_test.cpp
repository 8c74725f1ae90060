#include "raw/patch.hpp"

#include <random>

#include <gtest/gtest.h>

#include "lab/base/checksum.hpp"
#include "raw/icmp.hpp"
#include "raw/udp.hpp"
#include "tests/raw/vectors.hpp"

namespace wirelab::raw::test {
namespace {

Packet echo_of(const Headers& headers, std::uint16_t identifier, std::uint16_t sequence) {
  return echo_request(headers, {.identifier = identifier, .sequence = sequence, .payload = as_bytes("odd")});
}

Packet udp_of(const Headers& headers) { return udp_datagram(headers, Port{4000}, Port{9}, as_bytes("wirelab")); }

// What is over after the checksum's own place is taken in: 0 where it is right.
std::uint16_t header_error(const Packet& packet) {
  return internet_checksum(packet.from(Layer::network).first(ipv4_header_size));
}

std::uint16_t transport_error(const Packet& packet) {
  const auto segment = packet.from(Layer::transport);
  if (packet.protocol() == protocol_icmp) return internet_checksum(segment);
  return transport_checksum(packet.source(), packet.destination(), packet.protocol(), segment);
}

TEST(RawPatch, TheIpIdentificationGoesOnWithoutZero) {
  static_assert(next_ip_id(0) == 1 && next_ip_id(1) == 2 && next_ip_id(0xFFFE) == 0xFFFF && next_ip_id(0xFFFF) == 1);
}

TEST(RawPatch, APatchedTemplateEqualsAPacketMadeAnew) {
  std::mt19937_64 random(1);
  const auto word = [&] { return static_cast<std::uint16_t>(random()); };
  auto v4 = echo_of(v4_headers(), 0, 0);
  auto v6 = echo_of(v6_headers(), 0, 0);
  for (int i = 0; i < 2000; ++i) {
    const auto identifier = word();
    const auto sequence = word();
    auto headers4 = v4_headers();
    auto headers6 = v6_headers();
    headers4.ttl = headers6.ttl = static_cast<std::uint8_t>(word());
    headers4.ip_id = word();
    headers4.dont_fragment = (word() & 1) != 0;
    set_ip_id(v4, headers4.ip_id);
    set_dont_fragment(v4, headers4.dont_fragment);
    for (auto* packet : {&v4, &v6}) {
      set_ttl(*packet, headers4.ttl);
      set_identifier(*packet, identifier);
      set_sequence(*packet, sequence);
    }
    EXPECT_EQ(hex(v4, Layer::ethernet), hex(echo_of(headers4, identifier, sequence), Layer::ethernet));
    EXPECT_EQ(hex(v6, Layer::ethernet), hex(echo_of(headers6, identifier, sequence), Layer::ethernet));
  }
}

TEST(RawPatch, EveryWordKeepsTheChecksumRight) {
  auto packet = echo_of(v4_headers(), 0xBEEF, 0);
  for (std::uint32_t sequence = 0; sequence <= 0xFFFF; ++sequence) {
    set_sequence(packet, static_cast<std::uint16_t>(sequence));
    ASSERT_EQ(transport_error(packet), 0) << sequence;
  }
}

TEST(RawPatch, TheLinkIsSetWithoutTouchingTheRest) {
  auto packet = echo_of(v4_headers(), 1, 1);
  const auto before = hex(packet, Layer::network);
  set_link(packet, mac_b, Mac::broadcast());
  EXPECT_EQ(hex(packet, Layer::ethernet).substr(0, 28), "ffffffffffff0277000000020800");
  EXPECT_EQ(hex(packet, Layer::network), before);
}

TEST(RawPatch, ABrokenChecksumIsWrongAndNothingElseIs) {
  for (auto packet :
       {echo_of(v4_headers(), 1, 2), echo_of(v6_headers(), 1, 2), udp_of(v4_headers()), udp_of(v6_headers())}) {
    ASSERT_EQ(transport_error(packet), 0);
    break_checksum(packet);
    EXPECT_NE(transport_error(packet), 0);
    if (packet.is_v4()) {
      EXPECT_EQ(header_error(packet), 0);
    }
  }
  auto packet = echo_of(v4_headers(), 1, 2);
  break_header_checksum(packet);
  EXPECT_NE(header_error(packet), 0);
  EXPECT_EQ(transport_error(packet), 0);
}

TEST(RawPatch, ABrokenChecksumIsNeverTheOtherZero) {
  // Over every value that a checksum takes, all ones and zero among them.
  auto packet = echo_of(v4_headers(), 0, 0);
  for (std::uint32_t identifier = 0; identifier <= 0xFFFF; ++identifier) {
    set_identifier(packet, static_cast<std::uint16_t>(identifier));
    auto broken = packet;
    break_checksum(broken);
    ASSERT_NE(transport_error(broken), 0) << identifier;
  }
  // Its right checksum is 0xFFFF, whose inverse would say "no checksum".
  auto datagram = udp_datagram(v4_headers(), Port{12436}, Port{9}, as_bytes("wirelab"));
  break_checksum(datagram);
  EXPECT_NE(load_be16(&datagram.from(Layer::transport)[6]), 0);
  EXPECT_NE(transport_error(datagram), 0);
}

TEST(RawPatch, AWrongLengthKeepsTheChecksumsRight) {
  auto v4 = echo_of(v4_headers(), 1, 2);
  set_stated_length(v4, 999);
  EXPECT_EQ(load_be16(&v4.from(Layer::network)[2]), 999);
  EXPECT_EQ(header_error(v4), 0);
  EXPECT_EQ(transport_error(v4), 0);

  auto v6 = echo_of(v6_headers(), 1, 2);
  set_stated_length(v6, 999);
  EXPECT_EQ(load_be16(&v6.from(Layer::network)[4]), 999);
  EXPECT_EQ(v6.from(Layer::transport).size(), 11U);
}

TEST(RawPatch, AUdpLengthCountsInThePseudoHeader) {
  auto packet = udp_of(v4_headers());
  constexpr std::uint16_t stated = 9;
  set_udp_length(packet, stated);
  const auto segment = packet.from(Layer::transport);
  EXPECT_EQ(load_be16(&segment[4]), stated);
  ChecksumAdder adder;
  adder.add(packet.source().bytes()).add(packet.destination().bytes()).add16(protocol_udp).add16(stated).add(segment);
  EXPECT_EQ(adder.finish(), 0);
}

TEST(RawPatch, WhatAPacketDoesNotHaveCannotBeSet) {
  auto udp = udp_of(v4_headers());
  auto v6 = echo_of(v6_headers(), 1, 1);
  auto error = time_exceeded(v4_headers(), {});
  EXPECT_THROW(set_sequence(udp, 1), std::logic_error);
  EXPECT_THROW(set_identifier(error, 1), std::logic_error);
  EXPECT_THROW(set_udp_length(v6, 1), std::logic_error);
  EXPECT_THROW(set_ip_id(v6, 1), std::logic_error);
  EXPECT_THROW(set_dont_fragment(v6, true), std::logic_error);
  EXPECT_THROW(break_header_checksum(v6), std::logic_error);
}

}  // namespace
}  // namespace wirelab::raw::test
