// ICMP and ICMPv6 packets made by hand (RFC 792, RFC 4443). Public, pure.
//
// The IP version follows from the addresses in Headers: with IPv6 ones ICMPv6 is made. Checksums and lengths are right;
// patch.hpp makes them wrong.
#pragma once

#include <cstdint>

#include "raw/packet.hpp"

namespace wirelab::raw {

struct Echo {
  std::uint16_t identifier = 0;
  std::uint16_t sequence = 0;
  ByteView payload;
};

Packet echo_request(const Headers& headers, const Echo& echo);
Packet echo_reply(const Headers& headers, const Echo& echo);

// Errors quote `offending`, the IP packet from its header on, cut as Linux does: an ICMP packet has at most 576 bytes
// (RFC 1812, 4.3.2.3), an ICMPv6 one at most 1280 (RFC 4443, 2.4).

// Time to live or hop limit exceeded in transit.
Packet time_exceeded(const Headers& headers, ByteView offending);
// Destination unreachable; `code` by RFC 792 or RFC 4443, 3.1.
Packet unreachable(const Headers& headers, std::uint8_t code, ByteView offending);
// Destination unreachable for its closed UDP port: code 3 in ICMP, 4 in ICMPv6.
Packet port_unreachable(const Headers& headers, ByteView offending);
// ICMP: fragmentation needed and DF set, with the next hop's MTU (RFC 1191, 4; at most 65535, else std::logic_error).
// ICMPv6: packet too big.
Packet too_big(const Headers& headers, std::uint32_t mtu, ByteView offending);

}  // namespace wirelab::raw
