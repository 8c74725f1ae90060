#include "raw/icmp_reply.hpp"

#include <gtest/gtest.h>

#include "raw/icmp.hpp"
#include "raw/patch.hpp"
#include "raw/udp.hpp"
#include "tests/raw/vectors.hpp"

namespace wirelab::raw::test {
namespace {

const Echo echo{.identifier = 0xBEEF, .sequence = 7, .payload = as_bytes("wirelab")};

IcmpMessage read(const Packet& packet) {
  const auto parsed = parse_icmp(packet.from(Layer::network));
  const auto* const malformed = std::get_if<Malformed>(&parsed);
  if (malformed != nullptr) throw std::runtime_error(std::string(malformed->reason));
  return std::get<IcmpMessage>(parsed);
}

TEST(IcmpReply, AnEchoReply) {
  for (const auto& headers : {v4_headers(), v6_headers()}) {
    const auto packet = echo_reply(headers, echo);
    const auto message = read(packet);
    EXPECT_EQ(message.kind, ReplyKind::echo_reply);
    EXPECT_EQ(message.from, headers.source);
    EXPECT_EQ(message.to, headers.destination);
    EXPECT_EQ(message.ttl, 64);
    EXPECT_EQ(message.identifier, 0xBEEF);
    EXPECT_EQ(message.sequence, 7);
    EXPECT_EQ(as_text(message.payload), "wirelab");
    EXPECT_FALSE(message.quoted);
  }
}

TEST(IcmpReply, ErrorsByTheirKind) {
  for (const auto& headers : {v4_headers(), v6_headers()}) {
    const auto request = echo_request(headers, echo);
    const auto offending = request.from(Layer::network);
    const struct {
      Packet packet;
      ReplyKind kind;
      std::uint32_t mtu;
    } facts[] = {
        {time_exceeded(headers, offending), ReplyKind::time_exceeded, 0},
        {port_unreachable(headers, offending), ReplyKind::port_unreachable, 0},
        {unreachable(headers, 1, offending), ReplyKind::unreachable, 0},
        {too_big(headers, 1400, offending), ReplyKind::too_big, 1400},
    };
    for (const auto& fact : facts) {
      const auto message = read(fact.packet);
      EXPECT_EQ(message.kind, fact.kind) << name_of(fact.kind);
      EXPECT_EQ(message.mtu, fact.mtu);
      ASSERT_TRUE(message.quoted);
      EXPECT_EQ(message.quoted->source, headers.source);
      EXPECT_EQ(message.quoted->destination, headers.destination);
      EXPECT_EQ(message.quoted->protocol, request.protocol());
      EXPECT_EQ(message.quoted->first, 0xBEEF);
      EXPECT_EQ(message.quoted->second, 7);
    }
  }
}

TEST(IcmpReply, AnErrorQuotesPorts) {
  const auto datagram = udp_datagram(v6_headers(), Port{4000}, Port{9}, as_bytes("x"));
  const auto error = port_unreachable(v6_headers(), datagram.from(Layer::network));
  const auto message = read(error);
  ASSERT_TRUE(message.quoted);
  EXPECT_EQ(message.quoted->protocol, protocol_udp);
  EXPECT_EQ(message.quoted->first, 4000);
  EXPECT_EQ(message.quoted->second, 9);
}

TEST(IcmpReply, AQuotedPacketThatIsCutIsReadAsFarAsItGoes) {
  const auto request = echo_request(v4_headers(), echo);
  const auto offending = request.from(Layer::network);
  const auto quoted = [&](std::size_t size) {
    const auto error = time_exceeded(v4_headers(), offending.first(size));
    return read(error).quoted;
  };
  EXPECT_FALSE(quoted(0));
  EXPECT_FALSE(quoted(19));
  ASSERT_TRUE(quoted(27));
  EXPECT_EQ(quoted(27)->first, 0);
  ASSERT_TRUE(quoted(28));
  EXPECT_EQ(quoted(28)->first, 0xBEEF);
}

TEST(IcmpReply, AQuotedFragment) {
  const auto quoted = [](ByteView offending, const Headers& headers) {
    const auto error = time_exceeded(headers, offending);
    return read(error).quoted;
  };
  // IPv6: a fragment header of the message's first part goes before it.
  const auto v6 = echo_request(v6_headers(), echo);
  const auto message = v6.from(Layer::transport);
  auto bytes = copy_of(v6.from(Layer::network));
  bytes[6] = 44;
  bytes.resize(ipv6_header_size);
  for (const int byte : {58, 0, 0, 1, 0, 0, 0, 7}) bytes.push_back(static_cast<std::uint8_t>(byte));
  bytes.insert(bytes.end(), message.begin(), message.end());
  const auto first = quoted(bytes, v6_headers());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->protocol, protocol_icmpv6);
  EXPECT_EQ(first->first, 0xBEEF);
  bytes[ipv6_header_size + 3] = 9;  // eight bytes further on
  EXPECT_EQ(quoted(bytes, v6_headers())->first, 0);

  // IPv4: what a later fragment begins with is no header.
  const auto v4 = echo_request(v4_headers(), echo);
  bytes = copy_of(v4.from(Layer::network));
  bytes[7] = 1;
  EXPECT_EQ(quoted(bytes, v4_headers())->first, 0);
}

TEST(IcmpReply, BytesAfterTheStatedLengthDoNotCount) {
  const auto packet = echo_reply(v4_headers(), echo);
  auto bytes = copy_of(packet.from(Layer::network));
  bytes.resize(bytes.size() + 11, 0xAA);  // Ethernet's padding
  const auto parsed = parse_icmp(bytes);
  ASSERT_TRUE(std::holds_alternative<IcmpMessage>(parsed));
  EXPECT_EQ(as_text(std::get<IcmpMessage>(parsed).payload), "wirelab");
}

TEST(IcmpReply, WhatIsMalformedSaysWhyAndWhere) {
  struct Fact {
    std::string_view reason;
    std::size_t offset;
    Bytes bytes;
  };
  const auto altered = [](const Headers& headers, const std::function<void(Packet&)>& alter) {
    auto packet = echo_reply(headers, echo);
    alter(packet);
    return copy_of(packet.from(Layer::network));
  };
  const auto good = altered(v4_headers(), [](Packet&) {});
  const auto header_byte = [&](std::size_t at, std::uint8_t value) {
    auto bytes = good;
    bytes[at] = value;
    return bytes;
  };
  const auto udp = udp_datagram(v4_headers(), Port{1}, Port{2}, {});
  const Fact facts[] = {
      {"no bytes", 0, {}},
      {"neither IPv4 nor IPv6", 0, header_byte(0, 0x55)},
      {"an IPv4 header of less than 20 bytes", 0, header_byte(0, 0x44)},
      {"a cut IPv4 header", 19, {good.begin(), good.begin() + 19}},
      {"a cut IPv4 header", 35, header_byte(0, 0x4F)},
      {"a cut IPv6 header", 1, {0x60}},
      {"a wrong IPv4 header checksum", 10, altered(v4_headers(), break_header_checksum)},
      {"a wrong ICMP checksum", 22, altered(v4_headers(), break_checksum)},
      {"a wrong ICMP checksum", 42, altered(v6_headers(), break_checksum)},
      {"a stated length that the bytes do not hold", 2,
       altered(v4_headers(), [](Packet& packet) { set_stated_length(packet, 36); })},
      {"a stated length that the bytes do not hold", 2,
       altered(v4_headers(), [](Packet& packet) { set_stated_length(packet, 19); })},
      {"a stated length that the bytes do not hold", 4,
       altered(v6_headers(), [](Packet& packet) { set_stated_length(packet, 16); })},
      {"a cut ICMP header", 27, altered(v4_headers(), [](Packet& packet) { set_stated_length(packet, 27); })},
      {"another protocol than ICMP", 9, copy_of(udp.from(Layer::network))},
  };
  for (const auto& fact : facts) {
    const auto parsed = parse_icmp(fact.bytes);
    ASSERT_TRUE(std::holds_alternative<Malformed>(parsed)) << fact.reason;
    EXPECT_EQ(std::get<Malformed>(parsed).reason, fact.reason);
    EXPECT_EQ(std::get<Malformed>(parsed).offset, fact.offset) << fact.reason;
  }
}

TEST(IcmpReply, AFragmentIsNotReadAsAMessage) {
  auto packet = echo_reply(v4_headers(), echo);
  set_dont_fragment(packet, false);
  auto bytes = copy_of(packet.from(Layer::network));
  bytes[6] = 0x20;   // more fragments
  bytes[10] = 0x31;  // and its checksum: 0x51A4 less 0x2000
  const auto parsed = parse_icmp(bytes);
  ASSERT_TRUE(std::holds_alternative<Malformed>(parsed));
  EXPECT_EQ(std::get<Malformed>(parsed).reason, "a fragment");
}

TEST(IcmpReply, AMessageWithoutItsHeader) {
  const auto packet = echo_reply(v6_headers(), echo);
  const auto from = packet.source().v6();
  const auto to = packet.destination().v6();
  const auto parsed = parse_icmpv6(packet.from(Layer::transport), from, to, 63);
  ASSERT_TRUE(std::holds_alternative<IcmpMessage>(parsed));
  EXPECT_EQ(std::get<IcmpMessage>(parsed).ttl, 63);
  EXPECT_EQ(std::get<IcmpMessage>(parsed).sequence, 7);
  // The checksum covers the addresses: from another sender the same bytes are wrong.
  EXPECT_TRUE(std::holds_alternative<Malformed>(parse_icmpv6(packet.from(Layer::transport), to, to, 63)));
}

}  // namespace
}  // namespace wirelab::raw::test
