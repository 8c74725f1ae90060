// The bytes expected here were made by Scapy 2.5, which shares no code with libtins.
#include "raw/icmp.hpp"

#include <gtest/gtest.h>

#include "lab/base/checksum.hpp"
#include "raw/udp.hpp"
#include "tests/raw/vectors.hpp"

namespace wirelab::raw::test {
namespace {

const Echo echo{.identifier = 0xBEEF, .sequence = 7, .payload = as_bytes("wirelab")};

constexpr std::string_view ethernet_v4 = "0277000000020277000000010800";
constexpr std::string_view ethernet_v6 = "02770000000202770000000186dd";
constexpr std::string_view request_v4 = "4500002312344000400111a40a0001010a000202080080d8beef0007776972656c6162";
constexpr std::string_view request_v6 =
    "60000000000f3a40fd000000000000000000000000000001fd00000000000000000000000000000280000e8abeef0007776972656c6162";
// The IP headers of an error that quotes the whole request.
constexpr std::string_view error_v4 = "4500003f12344000400111880a0001010a000202";
constexpr std::string_view error_v6 =
    "60000000003f3a40fd000000000000000000000000000001fd000000000000000000000000000002";

std::string text(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const auto part : parts) all += part;
  return all;
}

TEST(RawIcmp, AnEchoLooksLikeLinuxMadeIt) {
  const auto v4 = echo_request(v4_headers(), echo);
  EXPECT_EQ(hex(v4, Layer::ethernet), text({ethernet_v4, request_v4}));
  EXPECT_EQ(hex(v4, Layer::network), request_v4);
  EXPECT_EQ(hex(v4, Layer::transport), "080080d8beef0007776972656c6162");
  EXPECT_EQ(hex(echo_reply(v4_headers(), echo), Layer::transport), "000088d8beef0007776972656c6162");

  const auto v6 = echo_request(v6_headers(), echo);
  EXPECT_EQ(hex(v6, Layer::ethernet), text({ethernet_v6, request_v6}));
  EXPECT_EQ(hex(v6, Layer::transport), "80000e8abeef0007776972656c6162");
  EXPECT_EQ(hex(echo_reply(v6_headers(), echo), Layer::transport), "81000d8abeef0007776972656c6162");
}

TEST(RawIcmp, AnErrorQuotesThePacket) {
  const auto v4 = *from_hex(request_v4);
  const auto v6 = *from_hex(request_v6);
  const struct {
    Packet packet;
    std::string expected;
  } facts[] = {
      {time_exceeded(v4_headers(), v4), text({error_v4, "0b00f4ff00000000", request_v4})},
      {port_unreachable(v4_headers(), v4), text({error_v4, "0303fcfc00000000", request_v4})},
      {too_big(v4_headers(), 1400, v4), text({error_v4, "0304f78300000578", request_v4})},
      {time_exceeded(v6_headers(), v6), text({error_v6, "0300687b00000000", request_v6})},
      {port_unreachable(v6_headers(), v6), text({error_v6, "01046a7700000000", request_v6})},
      {too_big(v6_headers(), 1400, v6), text({error_v6, "0200640300000578", request_v6})},
  };
  for (const auto& fact : facts) EXPECT_EQ(hex(fact.packet, Layer::network), fact.expected);
}

TEST(RawIcmp, AnErrorIsCutAndHasNoLengthOfWhatItQuotes) {
  // libtins alone writes the quoted packet's length into the unused word over 128 bytes.
  const Bytes offending(2000, 'q');
  const auto v4 = unreachable(v4_headers(), 13, offending);
  EXPECT_EQ(v4.from(Layer::network).size(), 576U);
  EXPECT_EQ(load_be32(&v4.from(Layer::transport)[4]), 0U);
  EXPECT_EQ(v4.from(Layer::transport)[1], 13);
  EXPECT_EQ(internet_checksum(v4.from(Layer::transport)), 0);

  const auto v6 = time_exceeded(v6_headers(), offending);
  EXPECT_EQ(v6.from(Layer::network).size(), 1280U);
  EXPECT_EQ(load_be32(&v6.from(Layer::transport)[4]), 0U);
  EXPECT_EQ(transport_checksum(v6.source(), v6.destination(), protocol_icmpv6, v6.from(Layer::transport)), 0);
}

TEST(RawIcmp, SizesAtTheEdges) {
  const auto sized = [](std::size_t size) {
    const Bytes data(size, 'x');
    return echo_request(v4_headers(), {.identifier = 1, .sequence = 1, .payload = data});
  };
  for (const std::size_t size : {0U, 1U, 2U, 17U, 18U, 19U, 1472U, 65507U}) {
    const auto packet = sized(size);
    EXPECT_EQ(packet.from(Layer::ethernet).size(), 14 + 20 + 8 + size);
    EXPECT_EQ(load_be16(&packet.from(Layer::network)[2]), 28 + size);
    EXPECT_EQ(internet_checksum(packet.from(Layer::transport)), 0) << size;
  }
  EXPECT_THROW(sized(65508), std::logic_error);
  EXPECT_THROW(too_big(v4_headers(), 65536, {}), std::logic_error);
}

TEST(RawIcmp, AddressesAreOfOneVersion) {
  auto headers = v4_headers();
  headers.destination = *Ipv6::parse("fd00::2");
  EXPECT_THROW(echo_request(headers, echo), std::logic_error);
}

TEST(RawUdp, ADatagram) {
  const auto make = [](const Headers& headers, std::uint16_t source) {
    return udp_datagram(headers, Port{source}, Port{9}, as_bytes("wirelab"));
  };
  EXPECT_EQ(hex(make(v4_headers(), 50000), Layer::ethernet),
            text({ethernet_v4, "4500002312344000401111940a0001010a000202c3500009000f6d43776972656c6162"}));
  EXPECT_EQ(hex(make(v6_headers(), 50000), Layer::transport), "c3500009000f8a41776972656c6162");
  EXPECT_EQ(udp_datagram(v4_headers(), Port{1}, Port{2}, {}).from(Layer::transport).size(), 8U);
}

TEST(RawUdp, AChecksumOfZeroIsSentAsItsInverse) {
  const auto packet = udp_datagram(v4_headers(), Port{12436}, Port{9}, as_bytes("wirelab"));
  EXPECT_EQ(load_be16(&packet.from(Layer::transport)[6]), 0xFFFF);
}

TEST(RawPacket, TellsWhatItsHeadersSay) {
  const auto v4 = echo_request(v4_headers(), echo);
  EXPECT_EQ(v4.source(), IpAddress(Ipv4{10, 0, 1, 1}));
  EXPECT_EQ(v4.destination(), IpAddress(Ipv4{10, 0, 2, 2}));
  EXPECT_EQ(v4.ttl(), 64);
  EXPECT_TRUE(v4.dont_fragment());
  auto headers = v4_headers();
  headers.dont_fragment = false;
  EXPECT_FALSE(echo_request(headers, echo).dont_fragment());
  EXPECT_EQ(echo_request(v6_headers(), echo).destination(), IpAddress(*Ipv6::parse("fd00::2")));
  EXPECT_THROW(Packet(Bytes(41), v4_headers(), protocol_icmp), std::logic_error);
  EXPECT_THROW(Packet(Bytes(61), v6_headers(), protocol_icmpv6), std::logic_error);
}

}  // namespace
}  // namespace wirelab::raw::test
