// Which packets may answer a probe: a BPF program for one address and port. Internal to raw/, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <linux/filter.h>

#include "lab/base/address.hpp"

namespace wirelab::raw {

struct PortRange {
  Port first{}, last{};  // both belong to it
};

// Whole frames of IP packets to `self`: ICMP (or ICMPv6), and the segments of `protocol`, TCP or UDP, to one of
// `ports`; without ports ICMP alone. No later fragments, no IPv6 extension headers.
std::vector<sock_filter> answers_to(const IpAddress& self, std::uint8_t protocol = 0,
                                    std::optional<PortRange> ports = {});

// ARP replies.
std::vector<sock_filter> arp_replies();

}  // namespace wirelab::raw
