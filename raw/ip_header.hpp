// The IP header of a packet as it came: what every parser of raw/ begins with. Public, pure.
//
// Nothing in the bytes is trusted: a header is read, or it is malformed with the reason and the place.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"

namespace wirelab::raw {

struct Malformed {
  std::string_view reason;
  std::size_t offset = 0;  // from the start of the given bytes
};

// Where the transport layer starts, and what it belongs to.
struct IpHeader {
  IpAddress source, destination;
  std::uint8_t protocol = 0, ttl = 0;  // next header and hop limit in IPv6, whose extension headers are not followed
  std::size_t size = 0;                // of the header itself, options included
  std::size_t stated = 0;              // of the whole packet, by its own word
  bool fragment = false;
};

// Only what the header itself must hold: lengths and the checksum are not compared with what follows, so that a packet
// that is quoted, and therefore cut, can be read.
std::variant<IpHeader, Malformed> read_ip_header(ByteView packet);

// The header of a whole packet. Malformed as well: a wrong IPv4 header checksum, a stated length that the bytes do not
// hold, a fragment.
std::variant<IpHeader, Malformed> read_whole_ip_header(ByteView packet);

// The transport layer of a packet whose whole header was read.
inline ByteView transport_of(ByteView packet, const IpHeader& header) {
  return packet.subspan(header.size, header.stated - header.size);
}

}  // namespace wirelab::raw
