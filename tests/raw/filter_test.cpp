// The kernel itself runs the programs: a filter works on any datagram socket, so a socket pair needs no privilege.
#include "raw/filter.hpp"

#include <array>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/unique_fd.hpp"
#include "raw/arp.hpp"
#include "raw/icmp.hpp"
#include "raw/udp.hpp"
#include "tests/raw/vectors.hpp"

namespace wirelab::raw::test {
namespace {

bool lets_in(Filter filter, ByteView frame) {
  std::array<int, 2> ends{};
  check_errno(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends.data()), "make a socket pair");
  const UniqueFd in(ends[0]);
  const UniqueFd out(ends[1]);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  check_errno(::setsockopt(out.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), "attach a filter");
  (void)::send(in.get(), frame.data(), frame.size(), 0);
  Bytes buffer(frame.size() + 1);
  return ::recv(out.get(), buffer.data(), buffer.size(), 0) == static_cast<ssize_t>(frame.size());
}

Bytes frame_of(const Packet& packet) { return copy_of(packet.from(Layer::ethernet)); }

TEST(RawFilter, LetsInWhatItSays) {
  const auto request = echo_request(v4_headers(), {.identifier = 1, .sequence = 1});
  auto later_fragment = frame_of(request);
  later_fragment[ethernet_header_size + 7] = 1;
  auto vlan = frame_of(request);
  vlan[12] = 0x81;
  auto advertisement = frame_of(echo_reply(v6_headers(), {.identifier = 1, .sequence = 1}));
  advertisement[ethernet_header_size + ipv6_header_size] = 136;
  const auto question = arp_frame({.operation = ArpOperation::request}, Mac::broadcast());

  const struct {
    std::string_view what;
    Bytes frame;
    bool icmp, neighbour;
  } facts[] = {
      {"ICMP", frame_of(request), true, false},
      {"an ICMP error", frame_of(time_exceeded(v4_headers(), {})), true, false},
      {"ICMPv6", frame_of(echo_request(v6_headers(), {.identifier = 1, .sequence = 1})), true, false},
      {"a neighbour advertisement", advertisement, true, true},
      {"a later fragment", later_fragment, false, false},
      {"UDP", frame_of(udp_datagram(v4_headers(), Port{1}, Port{2}, {})), false, false},
      {"UDP over IPv6", frame_of(udp_datagram(v6_headers(), Port{1}, Port{2}, {})), false, false},
      {"ARP", question, false, true},
      {"another EtherType", vlan, false, false},
      {"a short frame", Bytes(13), false, false},
  };
  for (const auto& fact : facts) {
    EXPECT_EQ(lets_in(icmp_filter(), fact.frame), fact.icmp) << fact.what;
    EXPECT_EQ(lets_in(neighbour_filter(), fact.frame), fact.neighbour) << fact.what;
  }
}

TEST(RawFilter, AStationTakesInWhatIsMeantForIt) {
  const auto filter = station_filter(mac_b, Ipv4{10, 0, 2, 2});
  auto to_another_mac = v4_headers();
  to_another_mac.ethernet_destination = mac_a;
  auto to_another_address = v4_headers();
  to_another_address.destination = Ipv4{10, 0, 2, 3};
  auto nearly_its_mac = v4_headers();
  nearly_its_mac.ethernet_destination = Mac{{0x02, 0x77, 0, 0, 1, 2}};
  const auto datagram = [](const Headers& headers) { return frame_of(udp_datagram(headers, Port{1}, Port{2}, {})); };
  const struct {
    std::string_view what;
    Bytes frame;
    bool in;
  } facts[] = {
      {"to its MAC and address", datagram(v4_headers()), true},
      {"ARP", arp_frame({.operation = ArpOperation::request}, Mac::broadcast()), true},
      {"to another MAC", datagram(to_another_mac), false},
      {"to a MAC that ends alike", datagram(nearly_its_mac), false},
      {"to another address", datagram(to_another_address), false},
      {"IPv6", datagram(v6_headers()), false},
      {"a short frame", Bytes(13), false},
  };
  for (const auto& fact : facts) EXPECT_EQ(lets_in(filter, fact.frame), fact.in) << fact.what;
}

}  // namespace
}  // namespace wirelab::raw::test
