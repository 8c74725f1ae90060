#include "scenarios/look_for.hpp"

#include <gtest/gtest.h>

#include "raw/arp.hpp"
#include "raw/icmp.hpp"
#include "raw/udp.hpp"

namespace wirelab::scenarios::look_for {
namespace {

const Ipv4 a{10, 0, 1, 1};
const Ipv4 r{10, 0, 1, 2};
const Ipv4 s{10, 0, 2, 2};
const Mac mac_a{{2, 0x77, 0, 0, 0, 1}};
const Mac mac_r{{2, 0x77, 0, 0, 0, 2}};

bool fits(const capture::Trace::Fits& wanted, ByteView frame) {
  return wanted(capture::Packet{}, capture::decode(frame));
}
bool fits(const capture::Trace::Fits& wanted, const raw::Packet& packet) {
  return fits(wanted, packet.from(raw::Layer::ethernet));
}

const raw::Headers there{.source = a, .destination = s};
const raw::Headers back{.source = s, .destination = a};

TEST(LookFor, echo_messages_by_kind_identifier_and_sequence) {
  const auto request = raw::echo_request(there, {.identifier = 7, .sequence = 3});
  const auto reply = raw::echo_reply(back, {.identifier = 7, .sequence = 3});
  EXPECT_TRUE(fits(echo_request(7, 3), request));
  EXPECT_FALSE(fits(echo_request(7, 4), request));
  EXPECT_FALSE(fits(echo_request(8, 3), request));
  EXPECT_FALSE(fits(echo_request(7, 3), reply));
  EXPECT_TRUE(fits(echo_reply(7, 3), reply));
  EXPECT_FALSE(fits(echo_reply(7, 3), request));
}

TEST(LookFor, errors_by_who_sends_them_and_what_they_quote) {
  const raw::Headers from_r{.source = r, .destination = a};
  const auto request = raw::echo_request(there, {.identifier = 7, .sequence = 3});
  const auto error = raw::time_exceeded(from_r, request.from(raw::Layer::network));
  EXPECT_TRUE(fits(error_for_echo(r, 7, 3), error));
  EXPECT_FALSE(fits(error_for_echo(s, 7, 3), error));
  EXPECT_FALSE(fits(error_for_echo(r, 7, 4), error));
  EXPECT_FALSE(fits(error_for_echo(a, 7, 3), request));  // no error at all

  const auto datagram_to_9 = raw::udp_datagram(there, Port{5000}, Port{9}, {});
  const auto refusal = raw::port_unreachable(back, datagram_to_9.from(raw::Layer::network));
  EXPECT_TRUE(fits(error_for_udp(s, Port{5000}), refusal));
  EXPECT_FALSE(fits(error_for_udp(s, Port{9}), refusal));
  EXPECT_FALSE(fits(error_for_echo(s, 7, 3), refusal));
}

TEST(LookFor, datagrams_by_both_ends) {
  const auto packet = raw::udp_datagram(there, Port{5000}, Port{9}, {});
  EXPECT_TRUE(fits(datagram({a, Port{5000}}, {s, Port{9}}), packet));
  EXPECT_FALSE(fits(datagram({s, Port{9}}, {a, Port{5000}}), packet));
  EXPECT_FALSE(fits(segment({a, Port{5000}}, {s, Port{9}}), packet));
}

TEST(LookFor, resolution_by_its_target) {
  const auto question = raw::arp_frame({raw::ArpOperation::request, mac_a, a, {}, r}, Mac::broadcast());
  const auto answer = raw::arp_frame({raw::ArpOperation::reply, mac_r, r, mac_a, a}, mac_a);
  EXPECT_TRUE(fits(resolution_request(r), question));
  EXPECT_FALSE(fits(resolution_request(a), question));
  EXPECT_FALSE(fits(resolution_request(r), answer));
  EXPECT_TRUE(fits(resolution_reply(r), answer));
  EXPECT_FALSE(fits(resolution_reply(a), answer));

  const auto v6 = *Ipv6::parse("fd00:1::2");
  const auto solicitation = raw::neighbour_solicitation(mac_a, *Ipv6::parse("fd00:1::1"), v6);
  EXPECT_TRUE(fits(resolution_request(v6), solicitation));
  EXPECT_FALSE(fits(resolution_reply(v6), solicitation));
}

}  // namespace
}  // namespace wirelab::scenarios::look_for
