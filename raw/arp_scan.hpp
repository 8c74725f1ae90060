// arp_scan: who on the own link owns which address (RFC 826). Public.
#pragma once

#include <vector>

#include "raw/next_hop.hpp"
#include "raw/prober.hpp"

namespace wirelab::raw {

struct ArpScanOptions {
  NextHopOptions way;
  // ARP is not routed and the link is near: patience is short. A second owner of an address answers within `linger`.
  ProbeOptions probing{.patience = std::chrono::milliseconds(100), .linger = std::chrono::milliseconds(2)};
};

struct ArpEntry {
  Ipv4 address;
  Mac mac;                  // of who answered first
  std::vector<Mac> others;  // who else answered for the same address
  std::uint8_t attempts = 0;
  Duration rtt{};
};

struct ArpScanReport {
  Identity source;
  std::vector<ArpEntry> entries;  // those who answered, in the order of their addresses
  ProbeReport probing;            // by question: the host addresses of the range in order, without the own
};

// How many addresses a scan takes at most: a /16.
constexpr std::uint64_t largest_range = 65536;

// Asks for every host address of `range` but the own and turns the loop meanwhile; an answer for another address does
// not count.
// Throws BadInput for a range of IPv6 or of more than a /16, and as route_of and Prober do.
ArpScanReport arp_scan(const Place& place, const Prefix& range, const ArpScanOptions& options);

}  // namespace wirelab::raw
