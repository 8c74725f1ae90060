#include "capture/decode.hpp"

#include <gtest/gtest.h>

#include "capture/capture_file.hpp"
#include "tests/capture/build_frame.hpp"

namespace wirelab::capture {
namespace {

constexpr Below below{.source = "10.0.1.2", .destination = "10.0.2.2"};
constexpr std::size_t ip_at = 14;
constexpr std::size_t transport_at = 34;

Bytes changed(Bytes frame, std::size_t offset, std::uint8_t value) {
  frame.at(offset) = value;
  return frame;
}

Bytes first(const Bytes& bytes, std::size_t size) { return {bytes.begin(), bytes.begin() + static_cast<int>(size)}; }

TEST(Decode, reads_the_fields_of_a_datagram) {
  const auto frame = udp_frame(below, 40000, 7, "hello");
  const auto packet = decode(frame);
  ASSERT_TRUE(packet.ethernet && packet.ip && packet.udp());
  EXPECT_EQ(packet.ethernet->source.to_string(), below.source_mac);
  EXPECT_EQ(packet.ethernet->destination.to_string(), below.destination_mac);
  EXPECT_EQ(packet.ip->source.to_string(), "10.0.1.2");
  EXPECT_EQ(packet.ip->ttl, 64);
  EXPECT_EQ(packet.ip->id, 1U);
  EXPECT_TRUE(packet.ip->dont_fragment);
  EXPECT_EQ(packet.ip->length, 33U);
  EXPECT_EQ(packet.ip->checksum, Checksum::right);
  EXPECT_EQ(packet.udp()->checksum, Checksum::right);
  EXPECT_EQ(as_text(packet.udp()->payload), "hello");
  EXPECT_EQ(packet.source()->to_string(), "10.0.1.2:40000");
  EXPECT_EQ(packet.destination()->to_string(), "10.0.2.2:7");
  EXPECT_FALSE(packet.malformed);
}

TEST(Decode, views_point_into_the_frame) {
  const auto frame = udp_frame(below, 40000, 7, "hello");
  const auto packet = decode(frame);
  EXPECT_EQ(packet.udp()->payload.data(), frame.data() + transport_at + 8);
  EXPECT_EQ(packet.ip->header.data(), frame.data() + ip_at);
}

TEST(Decode, padding_after_the_packet_is_not_its_payload) {
  auto frame = udp_frame(below, 40000, 7, "hello");
  frame.resize(60, 0xEE);
  const auto packet = decode(frame);
  EXPECT_EQ(as_text(packet.udp()->payload), "hello");
  EXPECT_EQ(packet.udp()->checksum, Checksum::right);
  EXPECT_FALSE(packet.malformed);
}

TEST(Decode, every_changed_bit_under_a_checksum_is_noticed) {
  const auto frame = udp_frame(below, 40000, 7, "hello");
  for (std::size_t at = transport_at; at < frame.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      const auto wrong = changed(frame, at, static_cast<std::uint8_t>(frame[at] ^ 1U << bit));
      const auto packet = decode(wrong);
      EXPECT_TRUE(packet.malformed || packet.udp()->checksum == Checksum::wrong) << "byte " << at << " bit " << bit;
    }
  }
}

TEST(Decode, tells_what_a_wrong_checksum_should_be) {
  const auto good = udp_frame(below, 40000, 7, "hello");
  auto frame = good;
  store_be16(&frame[transport_at + 6], 0x1234);
  const auto packet = decode(frame);
  EXPECT_EQ(packet.udp()->checksum, Checksum::wrong);
  EXPECT_EQ(packet.udp()->checksum.stated, 0x1234);
  EXPECT_EQ(packet.udp()->checksum.expected, load_be16(&good[transport_at + 6]));
}

// The kernel of a host with offloads on leaves the sum of the pseudo header for the network card to complete.
TEST(Decode, an_offloaded_checksum_is_not_a_wrong_one) {
  auto frame = udp_frame(below, 40000, 7, "hello");
  const ByteView addresses = ByteView(frame).subspan(ip_at + 12, 8);
  const auto sum = static_cast<std::uint16_t>(~ChecksumAdder{}.add(addresses).add16(17).add16(13).finish());
  store_be16(&frame[transport_at + 6], sum);
  EXPECT_EQ(decode(frame).udp()->checksum, Checksum::offloaded);
}

// In ones' complement both zeros are one number, and UDP sends the other one, as its 0 means "none".
TEST(Decode, udp_checksums_around_zero) {
  auto frame = udp_frame(below, 40000, 7, std::string(2, '\0'));
  const auto sum = load_be16(&frame[transport_at + 6]);
  store_be16(&frame[transport_at + 8], sum);  // makes the sum of all the rest 0
  struct Fact {
    std::uint16_t stated;
    Checksum::State state;
  };
  for (const auto& fact : {Fact{0xFFFF, Checksum::right}, Fact{0, Checksum::absent}, Fact{1, Checksum::wrong}}) {
    store_be16(&frame[transport_at + 6], fact.stated);
    const auto packet = decode(frame);
    EXPECT_EQ(packet.udp()->checksum, fact.state) << fact.stated;
    EXPECT_EQ(packet.udp()->checksum.expected, 0xFFFF) << fact.stated;
  }
}

TEST(Decode, the_first_lie_is_told_with_its_place) {
  const auto frame = udp_frame(below, 40000, 7, "hello");
  struct Fact {
    std::size_t offset;
    std::uint8_t value;
    const char* reason;
    std::size_t place;
  };
  const Fact facts[] = {
      {ip_at, 0x55, "IPv4 header of version 5", ip_at},
      {ip_at, 0x44, "IPv4 header length 16 is less than 20", ip_at},
      {ip_at, 0x4F, "IPv4 header with options needs 60 bytes, 33 are there", ip_at},
      {ip_at + 3, 34, "IPv4 total length 34 exceeds the 33 bytes there", ip_at + 2},
      {ip_at + 3, 19, "IPv4 total length 19 is less than its header of 20", ip_at + 2},
      {ip_at + 3, 27, "UDP header needs 8 bytes, 7 are there", transport_at},
      {transport_at + 5, 7, "UDP length 7 is less than its header of 8", transport_at + 4},
      {transport_at + 5, 14, "UDP length 14 exceeds the 13 bytes there", transport_at + 4},
  };
  for (const auto& fact : facts) {
    const auto bytes = changed(frame, fact.offset, fact.value);
    EXPECT_EQ(decode(bytes).malformed, (Malformed{fact.reason, fact.place}));
  }
}

TEST(Decode, a_length_that_lies_does_not_hide_the_rest) {
  auto frame = udp_frame(below, 40000, 7, "hello");
  store_be16(&frame[ip_at + 2], 200);
  const auto packet = decode(frame);
  ASSERT_TRUE(packet.udp());
  EXPECT_EQ(as_text(packet.udp()->payload), "hello");
  EXPECT_EQ(packet.ip->checksum, Checksum::wrong);
}

TEST(Decode, what_the_capture_cut_off_is_no_lie) {
  const auto frame = tcp_frame(below, {40000, 7, 100, 200, 0x18}, "hello, this is long");
  for (std::size_t size = 1; size < frame.size(); ++size) {
    const auto cut = first(frame, size);
    const auto packet = decode(cut, LinkType::ethernet, static_cast<std::uint32_t>(frame.size()));
    EXPECT_FALSE(packet.malformed) << size << ": " << packet.malformed->reason;
    if (const auto* tcp = packet.tcp()) {
      EXPECT_EQ(tcp->checksum, Checksum::unverifiable) << size;
      EXPECT_EQ(tcp->sequence, 100U) << size;
    }
    EXPECT_EQ(packet.tcp() != nullptr, size >= transport_at + 8) << size;
  }
}

TEST(Decode, the_same_bytes_without_a_cut_are_a_lie) {
  const auto frame = tcp_frame(below, {40000, 7, 100, 200, 0x18}, "hello, this is long");
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const auto cut = first(frame, size);
    EXPECT_TRUE(decode(cut).malformed) << size;
  }
}

TEST(Decode, a_quoted_packet_is_read_as_far_as_it_goes) {
  const auto cause = udp_frame(below, 40000, 53, "a question that is longer than eight bytes");
  const Below router{.source = "10.0.1.1", .destination = "10.0.1.2"};
  for (const std::size_t size : {28U, 40U, 70U}) {
    const auto frame = ip_frame(router, 1, icmp_message(11, 0, 0, ByteView(cause).subspan(ip_at, size)));
    const auto packet = decode(frame);
    ASSERT_TRUE(packet.icmp() && packet.icmp()->quoted) << size;
    EXPECT_TRUE(packet.icmp()->is_error());
    EXPECT_FALSE(packet.malformed);
    const auto& quoted = *packet.icmp()->quoted;
    EXPECT_EQ(quoted.source()->to_string(), "10.0.1.2:40000");
    EXPECT_EQ(quoted.destination()->to_string(), "10.0.2.2:53");
    EXPECT_FALSE(quoted.malformed) << quoted.malformed->reason;
    EXPECT_EQ(quoted.ip->checksum, Checksum::right);
    EXPECT_EQ(quoted.udp()->checksum, size == 70U ? Checksum::right : Checksum::unverifiable) << size;
  }
}

TEST(Decode, quotes_within_quotes_end) {
  auto packet = ip_packet(below, 1, icmp_message(8, 0, 0, {}));
  for (int i = 0; i < 20; ++i) packet = ip_packet(below, 1, icmp_message(3, 1, 0, packet));
  const auto decoded = decode(packet, LinkType::raw_ip);
  int depth = 0;
  const auto* at = &decoded;
  while (at->icmp() != nullptr && at->icmp()->quoted) {
    at = at->icmp()->quoted.get();
    ++depth;
  }
  EXPECT_EQ(depth, 2);
  EXPECT_FALSE(decoded.malformed);
}

TEST(Decode, fragments_have_no_checksum_to_verify) {
  const auto whole = udp_frame(below, 40000, 7, std::string(64, 'x'));
  const ByteView datagram = ByteView(whole).subspan(transport_at);
  auto part = below;
  part.fragment = 0x2000;
  const auto head = ip_frame(part, 17, datagram.first(32));
  const auto packet = decode(head);
  EXPECT_EQ(packet.udp()->checksum, Checksum::unverifiable);
  EXPECT_EQ(packet.udp()->length, 72);
  EXPECT_TRUE(packet.ip->more_fragments);
  EXPECT_FALSE(packet.malformed);
  part.fragment = 4;
  const auto tail = ip_frame(part, 17, datagram.subspan(32));
  EXPECT_EQ(decode(tail).ip->fragment_offset, 32U);
  EXPECT_EQ(decode(tail).udp(), nullptr);
}

TEST(Decode, each_link_type_leads_to_the_packet) {
  const auto ip = ip_packet(below, 1, icmp_message(8, 0, 0x12340001, {}));
  struct Fact {
    LinkType link;
    std::string_view header;
  };
  const Fact facts[] = {
      {LinkType::raw_ip, ""},
      {LinkType::null, "02000000"},
      {LinkType::null, "00000002"},
      {LinkType::ethernet, "027700000002 027700000001 0800"},
      {LinkType::ethernet, "027700000002 027700000001 8100 0005 0800"},
      {LinkType::ethernet, "027700000002 027700000001 88a8 0064 8100 0005 0800"},
      {LinkType::linux_sll, "0004 0001 0006 0277000000010000 0800"},
      {LinkType::linux_sll2, "0800 0000 00000002 0001 04 06 0277000000010000"},
  };
  for (const auto& fact : facts) {
    auto frame = *from_hex(fact.header);
    append(frame, ip);
    const auto packet = decode(frame, fact.link);
    ASSERT_TRUE(packet.icmp()) << fact.header;
    EXPECT_EQ(packet.icmp()->identifier, 0x1234);
    EXPECT_EQ(packet.icmp()->checksum, Checksum::right);
    EXPECT_FALSE(packet.malformed);
  }
}

TEST(Decode, an_unknown_link_type_is_not_malformed) {
  const Bytes frame = {1, 2, 3};
  const auto packet = decode(frame, static_cast<LinkType>(147));
  EXPECT_FALSE(packet.ethernet || packet.ip || packet.malformed);
}

TEST(Decode, tcp_options) {
  auto segment =
      *from_hex("9c40 0007 00000001 00000000 a002 faf0 0000 0000 020405b4 0402 080a 00000001 00000002 01 030307");
  const auto frame = ip_frame(below, 6, with_checksum(below, 6, segment, 16));
  const auto packet = decode(frame);
  ASSERT_TRUE(packet.tcp());
  EXPECT_EQ(packet.tcp()->mss, 1460);
  EXPECT_TRUE(packet.tcp()->sack_permitted);
  EXPECT_EQ(packet.tcp()->timestamps, std::make_pair(1U, 2U));
  EXPECT_EQ(packet.tcp()->window_scale, 7);
  EXPECT_TRUE(packet.tcp()->flags.syn && !packet.tcp()->flags.ack);
  EXPECT_EQ(packet.tcp()->checksum, Checksum::right);
  EXPECT_FALSE(packet.malformed);
}

// Every prefix of every odd packet, taken for whole and taken for cut: no byte beyond it is read (the sanitizer
// watches), views stay inside, and a sound packet does not turn malformed because the capture cut it.
TEST(Decode, every_prefix_of_every_odd_packet) {
  const auto file = load_capture(WIRELAB_TEST_DATA "/odd.pcap");
  ASSERT_GT(file.packets.size(), 80U);
  for (const auto& packet : file.packets) {
    const auto sound = !decode(packet).malformed;
    for (std::size_t size = 0; size < packet.bytes.size(); ++size) {
      const auto prefix = first(packet.bytes, size);
      const auto whole = decode(prefix);
      EXPECT_TRUE(!whole.malformed || whole.malformed->offset <= size);
      EXPECT_TRUE(!whole.ip || whole.ip->payload.size() <= size);
      const auto cut = decode(prefix, LinkType::ethernet, packet.original_length);
      EXPECT_FALSE(sound && cut.malformed) << packet.frame << " cut to " << size << ": " << cut.malformed->reason;
    }
  }
}

}  // namespace
}  // namespace wirelab::capture
