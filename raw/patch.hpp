// patch: changes a packet made by hand byte by byte. Public, pure.
//
// Each function keeps every checksum that it does not mean to break as right (or as wrong) as it was, by the
// incremental update of RFC 1624: a few nanoseconds, where building the packet anew costs over a hundred. libtins
// cannot make packets that are wrong; these can.
#pragma once

#include <cstdint>

#include "raw/packet.hpp"

namespace wirelab::raw {

void set_link(Packet& packet, const Mac& source, const Mac& destination);
void set_ttl(Packet& packet, std::uint8_t ttl);

// IPv4 only; throw std::logic_error on IPv6, which has neither field in its header.
void set_ip_id(Packet& packet, std::uint16_t id);
void set_dont_fragment(Packet& packet, bool on);
// The identification that follows `id`; never 0, for which the kernel of a raw socket would put in one of its own.
constexpr std::uint16_t next_ip_id(std::uint16_t id) { return id == 0xFFFF ? 1 : static_cast<std::uint16_t>(id + 1); }

// ICMP and ICMPv6 echo only; throw std::logic_error on another packet.
void set_identifier(Packet& packet, std::uint16_t identifier);
void set_sequence(Packet& packet, std::uint16_t sequence);

// What the IP header says about length: IPv4 total length, IPv6 payload length. The bytes stay as many as they were.
void set_stated_length(Packet& packet, std::uint16_t length);
// UDP only (std::logic_error): the length in its header. The checksum of the pseudo header follows.
void set_udp_length(Packet& packet, std::uint16_t length);

// The checksum of ICMP, ICMPv6, UDP or TCP becomes a wrong one; for UDP never 0, which would mean "none" (RFC 768).
void break_checksum(Packet& packet);
// The checksum of the IPv4 header becomes a wrong one; throws std::logic_error on IPv6, which has none.
void break_header_checksum(Packet& packet);

}  // namespace wirelab::raw
