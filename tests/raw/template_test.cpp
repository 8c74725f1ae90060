// Whatever is patched in whatever order, the packet is the one that would have been built anew.
#include "raw/template.hpp"

#include <random>

#include <gtest/gtest.h>

#include "lab/base/checksum.hpp"
#include "raw/icmp.hpp"
#include "raw/tcp_segment.hpp"
#include "raw/udp.hpp"
#include "tests/raw/vectors.hpp"

namespace wirelab::raw::test {
namespace {

// The checksums of a frame as they must be; ones' complement has two zeros, and either is right.
bool checksums_hold(ByteView frame, bool v4, std::uint8_t protocol) {
  const auto network = frame.subspan(ethernet_header_size);
  const auto transport = network.subspan(v4 ? ipv4_header_size : ipv6_header_size);
  if (v4 && internet_checksum(network.first(ipv4_header_size)) != 0) return false;
  if (protocol == protocol_icmp) return internet_checksum(transport) == 0;
  const auto address = [&](std::size_t index) -> IpAddress {
    if (v4) return Ipv4::from_bytes(network.subspan(12 + index * Ipv4::size));
    return Ipv6::from_bytes(network.subspan(8 + index * Ipv6::size));
  };
  return transport_checksum(address(0), address(1), protocol, transport) == 0;
}

IpAddress random_address(std::mt19937_64& random, bool v4) {
  if (v4) return Ipv4::from_number(static_cast<std::uint32_t>(random()));
  std::array<std::uint8_t, Ipv6::size> bytes{};
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return Ipv6{bytes};
}

class TemplateTest : public testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] bool v4() const { return GetParam(); }
  [[nodiscard]] Headers headers() const { return v4() ? v4_headers() : v6_headers(); }
  std::uint16_t word() { return static_cast<std::uint16_t>(random()); }

  // Patches of the network layer, which every template knows.
  void patch_network(Template& packet) {
    packet.set_source(random_address(random, v4()));
    packet.set_destination(random_address(random, v4()));
    packet.set_ttl(static_cast<std::uint8_t>(random()));
    if (v4()) packet.set_ip_id(word());
  }

  std::mt19937_64 random{7};
};

TEST_P(TemplateTest, TcpFieldsAreTheOnesOfAPacketBuiltAnew) {
  Template made(tcp_packet(headers(), {.flags = {.syn = true}, .payload = Bytes(7, 'x')}));
  for (int round = 0; round < 2000; ++round) {
    auto expected = headers();
    expected.source = random_address(random, v4());
    expected.destination = random_address(random, v4());
    expected.ttl = static_cast<std::uint8_t>(random());
    expected.ip_id = word();
    TcpSegment segment{.source = Port{word()},
                       .destination = Port{word()},
                       .sequence = {static_cast<std::uint32_t>(random())},
                       .acknowledgement = {static_cast<std::uint32_t>(random())},
                       .flags = TcpFlags::from_bits(static_cast<std::uint8_t>(random())),
                       .window = word(),
                       .urgent = 0,
                       .options = {},
                       .payload = Bytes(7, 'x')};
    const auto third = word();
    store_be16(&segment.payload[4], third);
    made.set_source(expected.source);
    made.set_destination(expected.destination);
    made.set_ttl(expected.ttl);
    if (v4()) made.set_ip_id(expected.ip_id);
    made.set_source_port(segment.source);
    made.set_destination_port(segment.destination);
    made.set_tcp_sequence(segment.sequence.number);
    made.set_tcp_acknowledgement(segment.acknowledgement.number);
    made.set_tcp_flags(segment.flags.bits());
    made.set_tcp_window(segment.window);
    made.set_payload_word(2, third);
    ASSERT_EQ(to_hex(made.frame()), hex(tcp_packet(expected, segment), Layer::ethernet)) << round;
  }
}

TEST_P(TemplateTest, UdpChecksumsHoldAndAreNeverNone) {
  Template made(udp_datagram(headers(), Port{1}, Port{2}, Bytes(8)));
  const std::size_t checksum = made.frame().size() - 10;
  for (int round = 0; round < 200'000; ++round) {
    made.set_source_port(Port{word()});
    made.set_payload_word(0, word());
    ASSERT_NE(load_be16(&made.frame()[checksum]), 0) << round;
    if (round % 50 != 0) continue;
    patch_network(made);
    made.set_destination_port(Port{word()});
    ASSERT_TRUE(checksums_hold(made.frame(), v4(), protocol_udp)) << round;
  }
}

TEST_P(TemplateTest, ADatagramWithoutChecksumKeepsNone) {
  auto packet = udp_datagram(headers(), Port{1}, Port{2}, Bytes(4));
  store_be16(&packet.from(Layer::transport)[6], 0);
  Template made(packet);
  patch_network(made);
  made.set_destination_port(Port{9});
  EXPECT_EQ(load_be16(&made.frame()[made.frame().size() - 6]), 0);
}

TEST_P(TemplateTest, EchoFields) {
  Template made(echo_request(headers(), {.identifier = 1, .sequence = 2, .payload = as_bytes("odd")}));
  for (int round = 0; round < 2000; ++round) {
    patch_network(made);
    made.set_echo(word(), word());
    made.set_payload_word(0, word());
    ASSERT_TRUE(checksums_hold(made.frame(), v4(), v4() ? protocol_icmp : protocol_icmpv6)) << round;
  }
}

TEST_P(TemplateTest, AFieldThatThePacketHasNotIsACallersMistake) {
  Template echo(echo_request(headers(), {.identifier = 1, .sequence = 2}));
  EXPECT_THROW(echo.set_destination_port(Port{1}), std::logic_error);
  EXPECT_THROW(echo.set_tcp_flags(2), std::logic_error);
  EXPECT_THROW(echo.set_payload_word(0, 1), std::logic_error);
  Template udp(udp_datagram(headers(), Port{1}, Port{2}, Bytes(3)));
  EXPECT_THROW(udp.set_echo(1, 1), std::logic_error);
  EXPECT_THROW(udp.set_tcp_window(1), std::logic_error);
  EXPECT_THROW(udp.set_payload_word(1, 1), std::logic_error);
  EXPECT_THROW(udp.set_source(v4() ? v6_headers().source : v4_headers().source), std::bad_variant_access);
  if (!v4()) {
    EXPECT_THROW(udp.set_ip_id(1), std::logic_error);
  }
  EXPECT_THROW(Template(Packet(Bytes(100), headers(), 89)), std::logic_error);
}

INSTANTIATE_TEST_SUITE_P(, TemplateTest, testing::Bool(),
                         [](const auto& each) { return std::string(each.param ? "v4" : "v6"); });

}  // namespace
}  // namespace wirelab::raw::test
