#include "raw/ip_header.hpp"

#include "lab/base/checksum.hpp"
#include "raw/packet.hpp"

namespace wirelab::raw {
namespace {

constexpr std::uint16_t fragment_bits = 0x3FFF;  // more fragments, and the offset

std::variant<IpHeader, Malformed> read_v4(ByteView packet) {
  const std::size_t size = (packet[0] & 0x0FU) * 4U;
  if (size < ipv4_header_size) return Malformed{"an IPv4 header of less than 20 bytes", 0};
  if (packet.size() < size) return Malformed{"a cut IPv4 header", packet.size()};
  return IpHeader{.source = Ipv4::from_bytes(packet.subspan(12)),
                  .destination = Ipv4::from_bytes(packet.subspan(16)),
                  .protocol = packet[9],
                  .ttl = packet[8],
                  .size = size,
                  .stated = load_be16(&packet[2]),
                  .fragment = (load_be16(&packet[6]) & fragment_bits) != 0};
}

std::variant<IpHeader, Malformed> read_v6(ByteView packet) {
  if (packet.size() < ipv6_header_size) return Malformed{"a cut IPv6 header", packet.size()};
  return IpHeader{.source = Ipv6::from_bytes(packet.subspan(8)),
                  .destination = Ipv6::from_bytes(packet.subspan(24)),
                  .protocol = packet[6],
                  .ttl = packet[7],
                  .size = ipv6_header_size,
                  .stated = ipv6_header_size + load_be16(&packet[4]),
                  .fragment = false};
}

}  // namespace

std::variant<IpHeader, Malformed> read_ip_header(ByteView packet) {
  if (packet.empty()) return Malformed{"no bytes", 0};
  switch (packet[0] >> 4) {
    case 4:
      return read_v4(packet);
    case 6:
      return read_v6(packet);
    default:
      return Malformed{"neither IPv4 nor IPv6", 0};
  }
}

std::variant<IpHeader, Malformed> read_whole_ip_header(ByteView packet) {
  auto read = read_ip_header(packet);
  const auto* const header = std::get_if<IpHeader>(&read);
  if (header == nullptr) return read;
  const bool v4 = header->source.is_v4();
  if (v4 && internet_checksum(packet.first(header->size)) != 0) return Malformed{"a wrong IPv4 header checksum", 10};
  if (header->stated < header->size || header->stated > packet.size())
    return Malformed{"a stated length that the bytes do not hold", v4 ? 2U : 4U};
  if (header->fragment) return Malformed{"a fragment", 6};
  return read;
}

}  // namespace wirelab::raw
