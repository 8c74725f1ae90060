// What a packet socket lets in: classic BPF programs for whole Ethernet frames. Public, pure.
//
// A filter is attached before the socket is bound, so that nothing else ever reaches its buffer.
#pragma once

#include <span>
#include <vector>

#include <linux/filter.h>

#include "lab/base/address.hpp"

namespace wirelab::raw {

using Filter = std::span<const sock_filter>;

// ICMP over IPv4, ICMPv6 directly after the IPv6 header; no fragments but the first.
Filter icmp_filter();
// ARP, and ICMPv6 neighbour advertisements.
Filter neighbour_filter();
// What one host would take in: ARP, and IPv4 packets to `address` in frames to `mac`.
std::vector<sock_filter> station_filter(const Mac& mac, Ipv4 address);
// IPv4 packets in frames to `mac`, to whatever address.
std::vector<sock_filter> ipv4_filter(const Mac& mac);

}  // namespace wirelab::raw
