#include "raw/udp.hpp"

#include <tins/rawpdu.h>
#include <tins/udp.h>

#include "raw/assemble.hpp"

namespace wirelab::raw {

Packet udp_datagram(const Headers& headers, Port source, Port destination, ByteView payload) {
  Tins::UDP udp(number(destination), number(source));
  if (!payload.empty()) udp /= Tins::RawPDU(payload.data(), static_cast<std::uint32_t>(payload.size()));
  return assemble(headers, udp, protocol_udp);
}

}  // namespace wirelab::raw
