// The bytes expected here were made by Scapy 2.5.
#include "raw/tcp_segment.hpp"

#include <gtest/gtest.h>

#include "lab/base/checksum.hpp"
#include "raw/patch.hpp"
#include "tests/raw/vectors.hpp"

namespace wirelab::raw::test {
namespace {

constexpr std::string_view syn =
    "4500003c12344000400611860a0001010a0002029c4000500102030400000000a002faf0918e0000020405b40402080a000003e80000000001"
    "03"
    "0307";
constexpr std::string_view data =
    "45000047123440004006117b0a0001010a0002029c40005001020305fffffff0b01801f6ca7f00000101080a000003e90000004d0101050a00"
    "00"
    "001000000020776972656c6162";
constexpr std::string_view xmas_v6 =
    "6000000000140640fd000000000000000000000000000001fd0000000000000000000000000000029c40005000000007000000005029040015"
    "1b"
    "0005";

TcpSegment syn_segment() {
  return {.source = Port{40000},
          .destination = Port{80},
          .sequence = {0x01020304},
          .flags = {.syn = true},
          .window = 64240,
          .options = {.mss = 1460, .window_scale = 7, .sack_permitted = true, .timestamps = TcpTimestamps{1000, 0}}};
}

TcpSegment data_segment() {
  return {.source = Port{40000},
          .destination = Port{80},
          .sequence = {0x01020305},
          .acknowledgement = {0xFFFFFFF0},
          .flags = {.psh = true, .ack = true},
          .window = 502,
          .options = {.timestamps = TcpTimestamps{1001, 77}, .sack = {{{0x10}, {0x20}}}},
          .payload = copy_of(as_bytes("wirelab"))};
}

TcpSegment xmas_segment() {
  return {.source = Port{40000},
          .destination = Port{80},
          .sequence = {7},
          .flags = {.fin = true, .psh = true, .urg = true},
          .window = 1024,
          .urgent = 5};
}

// Packets whose checksum is right again after a byte was changed.
Bytes altered(std::string_view packet, std::size_t at, std::uint8_t value) {
  auto bytes = *from_hex(packet);
  bytes[at] = value;
  const auto segment = MutableBytes(bytes).subspan(ipv4_header_size);
  store_be16(&segment[16], 0);
  store_be16(&segment[16], transport_checksum(Ipv4::from_bytes(ByteView(bytes).subspan(12)),
                                              Ipv4::from_bytes(ByteView(bytes).subspan(16)), protocol_tcp, segment));
  return bytes;
}

TEST(TcpSegment, WhatIsWrittenIsWhatScapyWrites) {
  EXPECT_EQ(hex(tcp_packet(v4_headers(), syn_segment()), Layer::network), syn);
  EXPECT_EQ(hex(tcp_packet(v4_headers(), data_segment()), Layer::network), data);
  EXPECT_EQ(hex(tcp_packet(v6_headers(), xmas_segment()), Layer::network), xmas_v6);
}

TEST(TcpSegment, WhatIsWrittenIsRead) {
  const struct {
    std::string_view packet;
    TcpSegment segment;
    Headers headers;
  } facts[] = {{syn, syn_segment(), v4_headers()},
               {data, data_segment(), v4_headers()},
               {xmas_v6, xmas_segment(), v6_headers()}};
  for (const auto& fact : facts) {
    const auto parsed = parse_tcp(*from_hex(fact.packet));
    const auto* const arrival = std::get_if<TcpArrival>(&parsed);
    ASSERT_NE(arrival, nullptr) << std::get<Malformed>(parsed).reason;
    EXPECT_EQ(arrival->segment, fact.segment);
    EXPECT_EQ(arrival->from, fact.headers.source);
    EXPECT_EQ(arrival->to, fact.headers.destination);
    EXPECT_EQ(arrival->ttl, 64);
  }
}

TEST(TcpSegment, TheFlagsAndTheLength) {
  for (unsigned bits = 0; bits < 256; ++bits)
    EXPECT_EQ(TcpFlags::from_bits(static_cast<std::uint8_t>(bits)).bits(), bits);
  EXPECT_EQ((TcpFlags{.fin = true}.bits()), 0x01);
  EXPECT_EQ((TcpFlags{.cwr = true}.bits()), 0x80);
  EXPECT_EQ(syn_segment().length(), 1U);
  EXPECT_EQ(data_segment().length(), 7U);
  EXPECT_EQ(data_segment().to_string(), "PSH ACK 16909061:16909068 ack 4294967280 win 502");
}

TEST(TcpSegment, APacketThatLiesIsMalformed) {
  const struct {
    std::string_view reason;
    std::size_t offset;
    Bytes packet;
  } facts[] = {
      {"a TCP header of less than 20 bytes", 32, altered(syn, 32, 0x40)},
      {"a TCP header beyond the packet", 32, altered(syn, 32, 0xF0)},
      {"a TCP option of less than two bytes", 41, altered(syn, 41, 1)},
      {"a TCP option of less than two bytes", 41, altered(syn, 41, 0)},
      {"a TCP option beyond the header", 58, altered(syn, 58, 4)},
      {"a TCP option without a length", 59, altered(to_hex(altered(to_hex(altered(syn, 57, 1)), 58, 1)), 59, 99)},
  };
  for (const auto& fact : facts) {
    const auto parsed = parse_tcp(fact.packet);
    const auto* const malformed = std::get_if<Malformed>(&parsed);
    ASSERT_NE(malformed, nullptr) << fact.reason;
    EXPECT_EQ(malformed->reason, fact.reason);
    EXPECT_EQ(malformed->offset, fact.offset);
  }
}

TEST(TcpSegment, AWrongChecksumIsMalformed) {
  for (const auto& headers : {v4_headers(), v6_headers()}) {
    auto packet = tcp_packet(headers, data_segment());
    break_checksum(packet);
    const auto parsed = parse_tcp(packet.from(Layer::network));
    ASSERT_TRUE(std::holds_alternative<Malformed>(parsed));
    EXPECT_EQ(std::get<Malformed>(parsed).reason, "a wrong TCP checksum");
  }
}

TEST(TcpSegment, AnotherProtocolIsNoTcp) {
  auto packet = *from_hex(xmas_v6);
  packet[6] = protocol_udp;
  EXPECT_EQ(std::get<Malformed>(parse_tcp(packet)).reason, "another protocol than TCP");
}

TEST(TcpSegment, EveryCutAndEveryFlippedByteIsSurvived) {
  for (const auto text : {syn, data, xmas_v6}) {
    const auto packet = *from_hex(text);
    for (std::size_t size = 0; size < packet.size(); ++size)
      EXPECT_TRUE(std::holds_alternative<Malformed>(parse_tcp(ByteView(packet).first(size)))) << size;
    for (std::size_t at = 0; at < packet.size(); ++at) {
      auto flipped = packet;
      flipped[at] ^= 0xFF;
      (void)parse_tcp(flipped);
    }
  }
}

TEST(TcpOptions, LaidOutAsLinuxDoes) {
  const struct {
    TcpOptions options;
    std::string_view bytes;
  } facts[] = {
      {{}, ""},
      {{.mss = 1460}, "020405b4"},
      {{.mss = 1460, .window_scale = 7, .sack_permitted = true},
       "020405b4"
       "01030307"
       "01010402"},
      {{.timestamps = TcpTimestamps{1, 2}},
       "0101080a"
       "00000001"
       "00000002"},
      {{.window_scale = 2, .timestamps = TcpTimestamps{1, 2}},
       "0101080a"
       "00000001"
       "00000002"
       "01030302"},
      {{.sack = {{{1}, {2}}, {{3}, {4}}}},
       "01010512"
       "00000001"
       "00000002"
       "00000003"
       "00000004"},
      {{.others = {{254, {0xAB}}}}, "fe03ab00"},
  };
  for (const auto& fact : facts) {
    EXPECT_EQ(to_hex(write_tcp_options(fact.options)), fact.bytes);
    EXPECT_EQ(std::get<TcpOptions>(read_tcp_options(*from_hex(fact.bytes))), fact.options) << fact.bytes;
  }
}

TEST(TcpOptions, OfKnownKindsWithOtherLengthsAreKeptUnread) {
  const auto read = [](std::string_view bytes) { return std::get<TcpOptions>(read_tcp_options(*from_hex(bytes))); };
  const auto odd_mss = read("0203ff00");
  EXPECT_FALSE(odd_mss.mss);
  ASSERT_EQ(odd_mss.others.size(), 1U);
  EXPECT_EQ(odd_mss.others[0].kind, 2);
  EXPECT_EQ(to_hex(odd_mss.others[0].data), "ff");
  EXPECT_TRUE(read("050600000001").sack.empty());
  EXPECT_FALSE(read("040300").sack_permitted);
  EXPECT_EQ(read("0204000102040002").mss, 2) << "the last one counts";
  EXPECT_FALSE(read("00020405b4").mss) << "nothing is read after the end";
}

TEST(TcpOptions, MoreThanFortyBytesAreRefused) {
  TcpOptions options{.timestamps = TcpTimestamps{}, .sack = {{}, {}, {}}};
  EXPECT_EQ(write_tcp_options(options).size(), 40U);
  options.sack.emplace_back();
  EXPECT_THROW((void)write_tcp_options(options), std::logic_error);
}

}  // namespace
}  // namespace wirelab::raw::test
