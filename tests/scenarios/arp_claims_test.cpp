#include "scenarios/arp_claims.hpp"

#include <gmock/gmock.h>

#include "scenarios/arp_talk.hpp"

namespace wirelab::scenarios {
namespace {

const raw::Identity a{Ipv4(10, 0, 1, 1), Mac{{2, 0x77, 0, 0, 0, 1}}};
const raw::Identity s{Ipv4(10, 0, 1, 3), Mac{{2, 0x77, 0, 0, 0, 3}}};
const Mac thief{{2, 0x77, 0, 0, 0, 2}};

// A trace in which each of these is a packet of its own.
std::deque<capture::Packet> trace_of(std::initializer_list<raw::Arp> said) {
  std::deque<capture::Packet> packets;
  for (const auto& arp : said) {
    capture::Packet packet;
    packet.bytes = raw::arp_frame(arp, Mac::broadcast());
    packet.original_length = static_cast<std::uint32_t>(packet.bytes.size());
    packet.id = packet.frame = packets.size() + 1;
    packets.push_back(packet);
  }
  return packets;
}

std::vector<std::string> told(const std::vector<ArpClaim>& claims) {
  std::vector<std::string> lines;
  for (const auto& claim : claims)
    lines.push_back(fmt::format("{} {} {} x{}", claim.address, claim.mac, claim.first->frame, claim.times));
  return lines;
}

TEST(ArpClaims, are_made_by_requests_and_replies_and_counted) {
  const auto packets =
      trace_of({arp_talk::request(s, a.address), arp_talk::reply(a, s), arp_talk::request(s, a.address)});
  EXPECT_THAT(told(arp_claims(packets)),
              testing::ElementsAre("10.0.1.1 02:77:00:00:00:01 2 x1", "10.0.1.3 02:77:00:00:00:03 1 x2"));
  EXPECT_TRUE(disputed(arp_claims(packets)).empty());
}

TEST(ArpClaims, are_not_made_by_probes) {
  const auto packets = trace_of({arp_talk::probe(thief, a.address), arp_talk::reply(a, {Ipv4(), thief})});
  EXPECT_THAT(told(arp_claims(packets)), testing::ElementsAre("10.0.1.1 02:77:00:00:00:01 2 x1"));
}

TEST(ArpClaims, of_a_packet_count_once_however_many_taps_saw_it) {
  auto packets = trace_of({arp_talk::announcement(a), arp_talk::announcement(a)});
  packets[1].id = packets[0].id;
  EXPECT_THAT(told(arp_claims(packets)), testing::ElementsAre("10.0.1.1 02:77:00:00:00:01 1 x1"));
}

TEST(ArpClaims, for_two_macs_are_disputed_in_the_order_in_which_they_were_made) {
  const auto packets =
      trace_of({arp_talk::announcement(s), arp_talk::announcement({a.address, thief}), arp_talk::announcement(a)});
  const auto claims = arp_claims(packets);
  EXPECT_EQ(claims.size(), 3U);
  EXPECT_THAT(told(disputed(claims)),
              testing::ElementsAre("10.0.1.1 02:77:00:00:00:02 2 x1", "10.0.1.1 02:77:00:00:00:01 3 x1"));
}

}  // namespace
}  // namespace wirelab::scenarios
