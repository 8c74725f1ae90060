// A UDP datagram made by hand (RFC 768). Public, pure.
#pragma once

#include "raw/packet.hpp"

namespace wirelab::raw {

// Over IPv4 or IPv6, as the addresses say; length and checksum are right.
Packet udp_datagram(const Headers& headers, Port source, Port destination, ByteView payload);

}  // namespace wirelab::raw
