// assemble: headers and a libtins layer become bytes. Internal to raw/, the only place that serializes.
#pragma once

#include <tins/ip_address.h>
#include <tins/ipv6_address.h>
#include <tins/pdu.h>

#include "raw/packet.hpp"

namespace wirelab::raw {

Tins::IPv4Address to_tins(Ipv4 address);
Tins::IPv6Address to_tins(const Ipv6& address);

// A frame of `headers` and `transport`, an ICMP, ICMPv6 or UDP layer with its payload. libtins reckons lengths and
// checksums. Throws std::logic_error if the addresses differ in version or the packet would exceed 65535 bytes.
Packet assemble(const Headers& headers, const Tins::PDU& transport, std::uint8_t protocol);
// The same of a transport layer that is bytes already; its checksum is the caller's.
Packet assemble(const Headers& headers, ByteView transport, std::uint8_t protocol);

}  // namespace wirelab::raw
