// Asking for a link-layer address by hand: ARP (RFC 826) and neighbour discovery (RFC 4861). Public, pure.
#pragma once

#include <cstdint>
#include <optional>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"

namespace wirelab::raw {

enum class ArpOperation : std::uint16_t { request = 1, reply = 2 };

// An ARP packet for Ethernet and IPv4.
struct Arp {
  ArpOperation operation{};
  Mac sender_mac;
  Ipv4 sender_ip;
  Mac target_mac;  // zeros in a request
  Ipv4 target_ip;
};

// A whole frame from `arp.sender_mac` to `destination` (broadcast for a request); not padded.
Bytes arp_frame(const Arp& arp, const Mac& destination);
// Nothing unless `frame` is an Ethernet frame with a complete ARP packet for Ethernet and IPv4.
std::optional<Arp> parse_arp(ByteView frame);

// A whole frame that asks who has `target`, sent to its solicited-node multicast group with hop limit 255.
Bytes neighbour_solicitation(const Mac& source_mac, const Ipv6& source, const Ipv6& target);

// Whose address is where, as a neighbour told it.
struct Neighbour {
  IpAddress address;
  Mac mac;
};

// Reads an ARP reply, or a neighbour advertisement that passes the checks of RFC 4861, 7.1.2. Nothing on other frames.
std::optional<Neighbour> parse_neighbour(ByteView frame);

}  // namespace wirelab::raw
