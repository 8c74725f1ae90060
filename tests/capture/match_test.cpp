#include "capture/match.hpp"

#include <gtest/gtest.h>

#include "tests/capture/build_frame.hpp"

namespace wirelab::capture {
namespace {

using namespace std::chrono_literals;

constexpr Stamp start{1'700'000'000s};
// As `routed`, but by a NAT that chooses identifications of its own.
constexpr Below translated{.source = "203.0.113.1",
                           .destination = "10.0.2.2",
                           .ttl = 63,
                           .id = 77,
                           .source_mac = "02:77:00:00:00:03",
                           .destination_mac = "02:77:00:00:00:04"};

Bytes time_exceeded(const Below& below, const Below& quoted, std::uint16_t port) {
  const Bytes frame = udp_frame(quoted, port, 53, "question");
  return ip_frame(below, 1, icmp_message(11, 0, 0, ByteView(frame).subspan(14)));
}

bool is_same(const Bytes& left, const Bytes& right, Across across) {
  return fingerprint(decode(left), across) == fingerprint(decode(right), across);
}

TEST(Fingerprint, keeps_what_lies_between_apart) {
  struct Fact {
    const char* what;
    Bytes here, there;
    bool across_routers, across_nats;
  };
  const Bytes udp = udp_frame(from_a, 4000, 53, "hello");
  const Bytes tcp = tcp_frame(from_a, {4000, 80, 1, 2, 16}, "hello");
  const Bytes echo = echo_frame(from_a, true, 7, 1);
  const Below other_id{.source = "10.0.1.2", .destination = "10.0.2.2", .id = 2};
  const Below first{.source = "10.0.1.2", .destination = "10.0.2.2", .fragment = 0x2000};
  const Below second{.source = "10.0.1.2", .destination = "10.0.2.2", .fragment = 0x0002};
  const Bytes sixteen(16, 'x');
  const Fact facts[] = {
      {"router: UDP", udp, udp_frame(routed, 4000, 53, "hello"), true, true},
      {"router: TCP", tcp, tcp_frame(routed, {4000, 80, 1, 2, 16}, "hello"), true, true},
      {"router: echo", echo, echo_frame(routed, true, 7, 1), true, true},
      {"NAT: UDP", udp, udp_frame(translated, 61000, 53, "hello"), false, true},
      {"NAT: TCP", tcp, tcp_frame(translated, {61000, 80, 1, 2, 16}, "hello"), false, true},
      {"NAT: echo", echo, echo_frame(translated, true, 900, 1), false, true},
      {"NAT: quoted packet", time_exceeded(from_a, from_a, 4000), time_exceeded(translated, translated, 61000), false,
       true},
      {"another payload", udp, udp_frame(from_a, 4000, 53, "jello"), false, false},
      {"another identification", udp, udp_frame(other_id, 4000, 53, "hello"), false, true},
      {"another sequence number", tcp, tcp_frame(from_a, {4000, 80, 9, 2, 16}, "hello"), false, false},
      {"another acknowledgement", tcp, tcp_frame(from_a, {4000, 80, 1, 9, 16}, "hello"), false, false},
      {"other flags", tcp, tcp_frame(from_a, {4000, 80, 1, 2, 17}, "hello"), false, false},
      {"request and reply", echo, echo_frame(from_a, false, 7, 1), false, false},
      {"another echo", echo, echo_frame(from_a, true, 7, 2), false, false},
      {"fragments of equal bytes", ip_frame(first, 17, sixteen), ip_frame(second, 17, sixteen), false, false},
      {"ARP on a LAN", arp_frame(1, "02:77:00:00:00:01", "10.0.1.2", "10.0.1.1"),
       arp_frame(1, "02:77:00:00:00:01", "10.0.1.2", "10.0.1.1"), true, true},
      {"another ARP", arp_frame(1, "02:77:00:00:00:01", "10.0.1.2", "10.0.1.1"),
       arp_frame(1, "02:77:00:00:00:01", "10.0.1.2", "10.0.1.9"), false, false},
  };
  for (const auto& fact : facts) {
    EXPECT_EQ(is_same(fact.here, fact.there, Across::routers), fact.across_routers) << fact.what;
    EXPECT_EQ(is_same(fact.here, fact.there, Across::nats), fact.across_nats) << fact.what;
  }
}

TEST(Fingerprint, reads_any_bytes) {
  Bytes frame = udp_frame(from_a, 4000, 53, "hello");
  for (std::size_t size = 0; size <= frame.size(); ++size) {
    const auto cut = decode(ByteView(frame).first(size));
    EXPECT_EQ(fingerprint(cut), fingerprint(cut));
    EXPECT_EQ(fingerprint(cut, Across::nats), fingerprint(cut, Across::nats));
  }
}

class MatcherTest : public testing::Test {
 protected:
  Matcher matcher;
  const Bytes same = udp_frame(from_a, 4000, 53, "same");
  std::uint64_t id(std::size_t tap, Duration when, const Bytes& frame) {
    return matcher.match(tap, start + when, decode(frame)).id;
  }
};

TEST_F(MatcherTest, follows_a_packet_and_counts_from_one) {
  const Bytes request = echo_frame(from_a, true, 7, 1);
  const Bytes next = echo_frame(from_a, true, 7, 2);
  EXPECT_EQ(id(0, 0us, request), 1U);
  EXPECT_EQ(id(0, 1us, next), 2U);
  EXPECT_EQ(id(1, 2us, echo_frame(routed, true, 7, 1)), 1U);
  EXPECT_EQ(id(1, 3us, echo_frame(routed, true, 7, 2)), 2U);
  EXPECT_TRUE(matcher.match(0, start + 4us, decode(udp_frame(from_a, 1, 2, ""))).first);
  EXPECT_FALSE(matcher.match(1, start + 4us, decode(udp_frame(routed, 1, 2, ""))).first);
}

TEST_F(MatcherTest, one_tap_sees_a_packet_once) {
  EXPECT_EQ(id(0, 0us, same), 1U);
  EXPECT_EQ(id(0, 1us, same), 2U);
  EXPECT_EQ(id(0, 2us, same), 3U);
  EXPECT_EQ(id(1, 3us, same), 1U);
  EXPECT_EQ(id(2, 4us, same), 1U);
  EXPECT_EQ(id(1, 5us, same), 2U);
  EXPECT_EQ(id(1, 6us, same), 3U);
  EXPECT_EQ(id(1, 7us, same), 4U);
}

TEST_F(MatcherTest, forgets_after_the_window) {
  EXPECT_EQ(id(0, 0ms, same), 1U);
  EXPECT_EQ(id(0, 600ms, same), 2U);
  EXPECT_EQ(id(1, 1000ms, same), 1U) << "a second is still within";
  EXPECT_EQ(id(2, 1001ms, same), 2U) << "the first is too old, the second is not";
  EXPECT_EQ(id(1, 1002ms, same), 2U);
  EXPECT_EQ(id(3, 5000ms, same), 3U);
}

TEST_F(MatcherTest, a_flood_of_equal_packets_takes_linear_time) {
  const auto decoded = decode(same);
  for (std::uint64_t n = 1; n <= 100'000; ++n) {
    ASSERT_EQ(matcher.match(0, start + n * 1us, decoded).id, n);
    ASSERT_EQ(matcher.match(1, start + n * 1us, decoded).id, n);
  }
}

// Equal packets of which a link lost the first: what comes through is the second.
TEST_F(MatcherTest, what_is_lost_gets_no_further) {
  const auto packet = decode(same);
  const auto first = matcher.match(0, start, packet).id;
  const auto second = matcher.match(0, start + 1ms, packet).id;
  matcher.lost(first, packet);
  const auto arrived = matcher.match(1, start + 2ms, packet);
  EXPECT_EQ(arrived.id, second);
  EXPECT_FALSE(arrived.first);
  EXPECT_EQ(matcher.last(0, packet), second);
  EXPECT_EQ(matcher.last(1, packet), second);
  EXPECT_EQ(matcher.last(std::nullopt, packet), second);
}

TEST_F(MatcherTest, a_copy_is_the_packet_once_more) {
  const auto packet = decode(same);
  const auto first = matcher.match(0, start, packet).id;
  matcher.copied(first, packet);
  const auto second = matcher.match(0, start + 1ms, packet).id;
  EXPECT_NE(second, first);
  struct Fact {
    std::uint64_t id;
    bool copy;
  };
  for (const auto& [id, copy] : {Fact{first, false}, Fact{first, true}, Fact{second, false}}) {
    const auto arrived = matcher.match(1, start + 2ms, packet);
    EXPECT_EQ(arrived.id, id);
    EXPECT_EQ(arrived.copy, copy);
  }
}

TEST_F(MatcherTest, what_is_told_of_packets_it_never_saw_changes_nothing) {
  const auto packet = decode(same);
  EXPECT_EQ(matcher.last(0, packet), std::nullopt);
  matcher.lost(1, packet);
  matcher.copied(1, packet);
  EXPECT_EQ(matcher.match(0, start, packet).id, 1U);
  matcher.copied(99, packet);
  EXPECT_EQ(matcher.match(1, start, packet).id, 1U);
  EXPECT_TRUE(matcher.match(1, start, packet).first);
}

// The copies expire with the rest.
TEST_F(MatcherTest, forgets_copies_after_the_window) {
  const auto packet = decode(same);
  const auto id = matcher.match(0, start, packet).id;
  matcher.copied(id, packet);
  EXPECT_NE(matcher.match(1, start + 2s, packet).id, id);
  EXPECT_EQ(matcher.last(0, packet), id + 1);
}

TEST(MatcherAcrossNats, follows_a_translated_packet) {
  Matcher matcher(Across::nats);
  const auto inside = matcher.match(0, start, decode(udp_frame(from_a, 4000, 53, "hello")));
  const auto outside = matcher.match(1, start + 5us, decode(udp_frame(translated, 61000, 53, "hello")));
  EXPECT_EQ(inside.id, outside.id);
}

}  // namespace
}  // namespace wirelab::capture
