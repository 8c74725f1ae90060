// The bytes expected here were made by Scapy 2.5.
#include "raw/arp.hpp"

#include <gtest/gtest.h>

#include "tests/raw/vectors.hpp"

namespace wirelab::raw::test {
namespace {

constexpr std::string_view request =
    "ffffffffffff027700000001080600010800060400010277000000010a0001010000000000000a0001fe";
constexpr std::string_view solicitation =
    "3333ff34567802770000000186dd6000000000203afffd000000000000000000000000000001ff0200000000000000000001ff345678"
    "8700bdcb00000000fd0000000000000000000000123456780101027700000001";
constexpr std::string_view advertisement =
    "02770000000102770000000286dd6000000000203afffd000000000000000000000000000002fd000000000000000000000000000001"
    "88001c2360000000fd0000000000000000000000000000020201027700000002";

Arp question() {
  return {.operation = ArpOperation::request,
          .sender_mac = mac_a,
          .sender_ip = Ipv4{10, 0, 1, 1},
          .target_mac = {},
          .target_ip = Ipv4{10, 0, 1, 254}};
}

TEST(RawArp, ARequestInBytes) { EXPECT_EQ(to_hex(arp_frame(question(), Mac::broadcast())), request); }

TEST(RawArp, WhatIsWrittenIsRead) {
  const auto read = parse_arp(*from_hex(request));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->operation, ArpOperation::request);
  EXPECT_EQ(read->sender_mac, mac_a);
  EXPECT_EQ(read->sender_ip, (Ipv4{10, 0, 1, 1}));
  EXPECT_EQ(read->target_mac, Mac{});
  EXPECT_EQ(read->target_ip, (Ipv4{10, 0, 1, 254}));
}

TEST(RawArp, AReplyNamesTheNeighbourAndARequestDoesNot) {
  EXPECT_FALSE(parse_neighbour(*from_hex(request)));
  const auto reply = arp_frame({.operation = ArpOperation::reply,
                                .sender_mac = mac_b,
                                .sender_ip = Ipv4{10, 0, 1, 254},
                                .target_mac = mac_a,
                                .target_ip = Ipv4{10, 0, 1, 1}},
                               mac_a);
  const auto neighbour = parse_neighbour(reply);
  ASSERT_TRUE(neighbour);
  EXPECT_EQ(neighbour->address, IpAddress(Ipv4{10, 0, 1, 254}));
  EXPECT_EQ(neighbour->mac, mac_b);
}

TEST(RawNdp, ASolicitationInBytes) {
  EXPECT_EQ(to_hex(neighbour_solicitation(mac_a, *Ipv6::parse("fd00::1"), *Ipv6::parse("fd00::1234:5678"))),
            solicitation);
}

TEST(RawNdp, AnAdvertisementNamesTheNeighbour) {
  const auto neighbour = parse_neighbour(*from_hex(advertisement));
  ASSERT_TRUE(neighbour);
  EXPECT_EQ(neighbour->address, IpAddress(*Ipv6::parse("fd00::2")));
  EXPECT_EQ(neighbour->mac, mac_b);
  EXPECT_FALSE(parse_neighbour(*from_hex(solicitation)));
}

TEST(RawNdp, AnAdvertisementThatFailsAnyCheckIsIgnored) {
  // RFC 4861, 7.1.2: hop limit 255, code 0, a right checksum, options of a length above zero.
  const auto altered = [](std::size_t at, std::uint8_t value) {
    auto frame = *from_hex(advertisement);
    frame[at] = value;
    return parse_neighbour(frame);
  };
  constexpr std::size_t hop_limit = 21, code = 55, checksum = 56, option_length = 79;
  EXPECT_FALSE(altered(hop_limit, 254));
  EXPECT_FALSE(altered(code, 1));
  EXPECT_FALSE(altered(checksum, 0));
  EXPECT_FALSE(altered(option_length, 0));
  EXPECT_FALSE(altered(option_length, 2));
}

TEST(RawArp, EveryCutAndEveryFlippedByteIsSurvived) {
  for (const auto text : {request, solicitation, advertisement}) {
    const auto frame = *from_hex(text);
    for (std::size_t size = 0; size < frame.size(); ++size)
      EXPECT_FALSE(parse_neighbour(ByteView(frame).first(size))) << size;
    for (std::size_t at = 0; at < frame.size(); ++at) {
      auto flipped = frame;
      flipped[at] ^= 0xFF;
      (void)parse_neighbour(flipped);
      (void)parse_arp(flipped);
    }
  }
}

}  // namespace
}  // namespace wirelab::raw::test
