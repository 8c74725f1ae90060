// ping_sweep: which addresses of a range answer an ICMP echo request. Public.
//
// A range on the own link is asked by ARP first, and only who answered gets an echo request. A range behind a router is
// asked by way of that router.
#pragma once

#include <random>
#include <vector>

#include "raw/arp_scan.hpp"

namespace wirelab::raw {

struct SweepOptions {
  NextHopOptions way;
  ProbeOptions probing;
};

struct SweepEntry {
  Ipv4 address;
  std::uint8_t ttl = 0;  // of the reply
  std::uint8_t attempts = 0;
  Duration rtt{};
};

struct SweepReport {
  Identity source;
  std::uint16_t identifier = 0;     // of all requests; the sequence number is the question's
  std::vector<SweepEntry> entries;  // those who answered, in the order of their addresses
  std::uint64_t asked = 0;          // addresses; those without a MAC on the own link among them
  ProbeReport probing;
};

// Turns the loop until all is known or the deadline comes. Throws BadInput for a range of IPv6 or of more than a /16,
// and as find_next_hop and Prober do.
SweepReport ping_sweep(const Place& place, const Prefix& range, std::mt19937_64& random, const SweepOptions& options);

}  // namespace wirelab::raw
