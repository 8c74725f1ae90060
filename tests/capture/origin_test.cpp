#include "capture/origin.hpp"

#include <gtest/gtest.h>

#include "tests/capture/build_frame.hpp"

namespace wirelab::capture {
namespace {

constexpr Below to_a{.source = "10.0.2.2", .destination = "10.0.1.2"};

class OriginTest : public testing::Test {
 protected:
  Journal journal;
  Origins origins{journal,
                  {{*IpAddress::parse("10.0.1.2"), "A"},
                   {*IpAddress::parse("10.0.2.2"), "S"},
                   {*IpAddress::parse("fd00::2"), "S"}}};

  void forge(Journal::Layer layer, Bytes bytes, std::uint8_t protocol = 0) {
    journal.forged({.host = "A",
                    .layer = layer,
                    .protocol = protocol,
                    .destination = *IpAddress::parse("10.0.2.2"),
                    .bytes = std::move(bytes)});
  }
  Origin tell(const Bytes& frame) { return origins.tell(decode(frame)).origin; }
};

TEST_F(OriginTest, of_a_network_without_journal) {
  struct Fact {
    const char* what;
    Bytes frame;
    Origin origin;
  };
  const Fact facts[] = {
      {"ARP", arp_frame(1, "02:77:00:00:00:01", "10.0.1.2", "10.0.1.1"), Origin::kernel},
      {"echo reply", echo_frame(to_a, false, 7, 1), Origin::kernel},
      {"ICMP error", ip_frame(to_a, 1, icmp_message(11, 0, 0, {})), Origin::kernel},
      {"RST", tcp_frame(to_a, {80, 4000, 0, 2, 4}), Origin::kernel},
      {"a program's echo request", echo_frame(from_a, true, 7, 1), Origin::unknown},
      {"a program's SYN", tcp_frame(from_a, {4000, 80, 1, 0, 2}), Origin::unknown},
      {"a program's UDP", udp_frame(from_a, 4000, 53, "hello"), Origin::unknown},
      {"no IP", ethernet_frame("02:77:00:00:00:01", "02:77:00:00:00:02", 0x88B5, as_bytes("?")), Origin::unknown},
  };
  for (const auto& fact : facts) EXPECT_EQ(tell(fact.frame), fact.origin) << fact.what;
}

TEST_F(OriginTest, a_forged_frame_is_raw_as_it_is) {
  const Bytes frame = arp_frame(2, "02:77:00:00:00:99", "10.0.1.1", "10.0.1.2", "02:77:00:00:00:01");
  EXPECT_EQ(tell(frame), Origin::kernel);
  forge(Journal::Layer::ethernet, frame);
  const Bytes other = arp_frame(2, "02:77:00:00:00:98", "10.0.1.1", "10.0.1.2", "02:77:00:00:00:01");
  const auto verdict = origins.tell(decode(frame));
  EXPECT_EQ(verdict.origin, Origin::raw);
  ASSERT_NE(verdict.forged, nullptr);
  EXPECT_EQ(verdict.forged->host, "A");
  EXPECT_EQ(tell(other), Origin::kernel);
}

TEST_F(OriginTest, a_forged_packet_is_raw_though_kernel_and_routers_change_it) {
  const Bytes segment = icmp_message(8, 0, 0x00070001, as_bytes("ping"));
  const Below open{.source = "0.0.0.0", .destination = "10.0.2.2", .id = 0};
  Bytes packet = ip_packet(open, 1, segment);
  store_be16(&packet[2], 0);   // the kernel fills in the total length,
  store_be16(&packet[10], 0);  // and the header's checksum
  forge(Journal::Layer::network, packet);
  const Below other_source{.source = "10.0.1.3", .destination = "10.0.2.2"};
  const Below elsewhere{.source = "10.0.1.2", .destination = "10.0.2.3"};
  EXPECT_EQ(tell(ip_frame(from_a, 1, segment)), Origin::raw);
  EXPECT_EQ(tell(ip_frame(routed, 1, segment)), Origin::raw);
  EXPECT_EQ(tell(ip_frame(other_source, 1, segment)), Origin::raw) << "0.0.0.0 leaves the choice to the kernel";
  EXPECT_EQ(tell(ip_frame(elsewhere, 1, segment)), Origin::unknown);
  EXPECT_EQ(tell(echo_frame(from_a, true, 7, 1)), Origin::unknown) << "another payload";
}

TEST_F(OriginTest, what_a_forged_packet_states_must_be_equal) {
  const Bytes segment = icmp_message(8, 0, 0x00070001, as_bytes("ping"));
  forge(Journal::Layer::network, ip_packet({.source = "10.0.1.2", .destination = "10.0.2.2", .id = 5}, 1, segment));
  EXPECT_EQ(tell(ip_frame({.source = "10.0.1.2", .destination = "10.0.2.2", .id = 5}, 1, segment)), Origin::raw);
  EXPECT_EQ(tell(ip_frame({.source = "10.0.1.2", .destination = "10.0.2.2", .id = 6}, 1, segment)), Origin::unknown);
  EXPECT_EQ(tell(ip_frame({.source = "10.0.1.3", .destination = "10.0.2.2", .id = 5}, 1, segment)), Origin::unknown);
}

TEST_F(OriginTest, a_forged_segment_is_raw_to_its_destination) {
  const Bytes segment = icmp_message(8, 0, 0x00070001, as_bytes("ping"));
  forge(Journal::Layer::transport, segment, 1);
  EXPECT_EQ(tell(ip_frame(routed, 1, segment)), Origin::raw);
  EXPECT_EQ(tell(ip_frame(to_a, 1, segment)), Origin::unknown);
  EXPECT_EQ(tell(ip_frame(from_a, 17, segment)), Origin::unknown) << "another protocol";
}

TEST_F(OriginTest, fragments_are_what_their_packet_is) {
  const Bytes segment = icmp_message(8, 0, 0x00070001, Bytes(60, 'x'));
  forge(Journal::Layer::transport, segment, 1);
  const auto part = [&](std::uint16_t id, std::uint16_t fragment, std::size_t offset, std::size_t size) {
    return ip_frame({.source = "10.0.1.2", .destination = "10.0.2.2", .id = id, .fragment = fragment}, 1,
                    ByteView(segment).subspan(offset, size));
  };
  EXPECT_EQ(tell(part(9, 0x2000, 0, 32)), Origin::raw);
  EXPECT_EQ(tell(part(9, 0x2004, 32, 32)), Origin::raw);
  EXPECT_EQ(tell(part(9, 0x0008, 64, 4)), Origin::raw);
  EXPECT_EQ(tell(part(8, 0x0008, 64, 4)), Origin::unknown) << "of another packet";
}

TEST_F(OriginTest, what_a_stack_socket_sends_is_stack) {
  journal.stack_socket({"A", Transport::udp, *Endpoint::parse("10.0.1.2:4000")});
  journal.stack_socket({"S", Transport::tcp, *Endpoint::parse("0.0.0.0:80")});
  EXPECT_EQ(tell(udp_frame(from_a, 4000, 53, "hello")), Origin::stack);
  EXPECT_EQ(tell(udp_frame(to_a, 53, 4000, "hello")), Origin::unknown) << "its peer is not";
  EXPECT_EQ(tell(tcp_frame(from_a, {4000, 53, 1, 0, 2})), Origin::unknown) << "a port of the other transport";
  EXPECT_EQ(tell(tcp_frame(to_a, {80, 4000, 1, 2, 18})), Origin::stack) << "bound to any address of S";
  EXPECT_EQ(tell(tcp_frame(from_a, {80, 4000, 1, 2, 18})), Origin::unknown) << "A is not S";
}

// The port may be a socket's of the stack, which is gone or not there yet: nobody but the kernel answers then.
TEST_F(OriginTest, a_reset_for_no_socket_is_the_kernels) {
  constexpr std::uint8_t rst = 4, rst_ack = 0x14;
  journal.stack_socket({.host = "S", .transport = Transport::tcp, .local = *Endpoint::parse("10.0.2.2:80")});
  EXPECT_EQ(tell(tcp_frame(to_a, {80, 4000, 0, 2, rst_ack})), Origin::kernel) << "of a SYN";
  EXPECT_EQ(tell(tcp_frame(to_a, {80, 4000, 77, 0, rst})), Origin::kernel) << "of any other segment";
  EXPECT_EQ(tell(tcp_frame(to_a, {80, 4000, 77, 2, rst_ack})), Origin::stack) << "a socket that resets";
}

TEST_F(OriginTest, of_a_hundred_thousand_forged_packets_takes_moments) {
  for (std::uint16_t n = 0; n < 50'000; ++n) {
    forge(Journal::Layer::transport, icmp_message(8, 0, n, as_bytes("ping")), 1);
    forge(Journal::Layer::transport, icmp_message(8, 0, 0xFFFF0000, as_bytes("flood")), 1);
  }
  for (std::uint16_t n = 0; n < 50'000; n = static_cast<std::uint16_t>(n + 100)) {
    ASSERT_EQ(tell(ip_frame(from_a, 1, icmp_message(8, 0, n, as_bytes("ping")))), Origin::raw);
  }
}

}  // namespace
}  // namespace wirelab::capture
