// IPv4 (RFC 791) and IPv6 (RFC 8200).
#include <fmt/format.h>

#include "capture/decoder.hpp"
#include "lab/base/checksum.hpp"

namespace wirelab::capture {
namespace {

constexpr std::size_t ipv4_header = 20;
constexpr std::size_t ipv6_header = 40;

enum NextHeader : std::uint8_t {
  hop_by_hop = 0,
  icmp_v4 = 1,
  tcp_segment = 6,
  udp_datagram = 17,
  routing = 43,
  fragment = 44,
  authentication = 51,
  icmp_v6 = 58,
  destination_options = 60,
  mobility = 135,
  host_identity = 139,
  shim6 = 140,
};

bool is_extension(std::uint8_t next) {
  switch (next) {
    case hop_by_hop:
    case routing:
    case fragment:
    case authentication:
    case destination_options:
    case mobility:
    case host_identity:
    case shim6:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Decoder::ip(Reader in) {
  if (in.rest().empty()) return too_short("IP header", 1, in);
  const auto version = in.rest()[0] >> 4;
  if (version == 4) return ipv4(in);
  if (version == 6) return ipv6(in);
  malformed(fmt::format("IP version {}", version), in.offset());
}

void Decoder::ipv4(Reader in) {
  const auto start = in;
  Ip ip;
  const auto version_and_size = in.u8();
  in.u8();
  ip.length = in.u16();
  ip.id = in.u16();
  const auto fragmentation = in.u16();
  ip.ttl = in.u8();
  ip.protocol = in.u8();
  const auto stated = in.u16();
  ip.source = in.get<Ipv4>();
  ip.destination = in.get<Ipv4>();
  if (in.failed()) return too_short("IPv4 header", ipv4_header, start);
  const std::size_t header = std::size_t{4} * (version_and_size & 0x0FU);
  if (version_and_size >> 4 != 4)
    return malformed(fmt::format("IPv4 header of version {}", version_and_size >> 4), start.offset());
  if (header < ipv4_header)
    return malformed(fmt::format("IPv4 header length {} is less than 20", header), start.offset());
  in.take(header - ipv4_header);
  if (in.failed()) return too_short("IPv4 header with options", header, start);

  ip.dont_fragment = (fragmentation & 0x4000) != 0;
  ip.more_fragments = (fragmentation & 0x2000) != 0;
  ip.fragment_offset = 8U * (fragmentation & 0x1FFF);
  ip.header = start.rest().first(header);
  ip.checksum = judge(stated, ChecksumAdder{}.add(ip.header.first(10)).add(ip.header.subspan(12)).finish());
  auto payload = in;
  if (ip.length < header) {
    malformed(fmt::format("IPv4 total length {} is less than its header of {}", ip.length, header), start.offset() + 2);
  } else {
    if (!start.may_hold(ip.length))
      malformed(fmt::format("IPv4 total length {} exceeds the {} bytes there", ip.length, start.rest().size()),
                start.offset() + 2);
    payload = in.first(ip.length - header);
  }
  ip.payload = payload.rest();
  fragment_fits(ip, payload, start.offset() + 6);
  out.ip = ip;
  transport(payload);
}

void Decoder::ipv6(Reader in) {
  const auto start = in;
  Ip ip;
  const auto version = in.u32() >> 28;
  const std::size_t length = in.u16();
  ip.protocol = in.u8();
  ip.ttl = in.u8();
  ip.source = in.get<Ipv6>();
  ip.destination = in.get<Ipv6>();
  if (in.failed()) return too_short("IPv6 header", ipv6_header, start);
  if (version != 6) return malformed(fmt::format("IPv6 header of version {}", version), start.offset());
  if (!in.may_hold(length))
    malformed(fmt::format("IPv6 payload length {} exceeds the {} bytes there", length, in.rest().size()),
              start.offset() + 4);
  ip.length = static_cast<std::uint32_t>(ipv6_header + length);
  ip.checksum.state = Checksum::absent;
  // Length 0 with a hop-by-hop header is a jumbogram (RFC 2675): it reaches to the end.
  auto payload = length == 0 && ip.protocol == hop_by_hop ? in : in.first(length);
  ipv6_extensions(ip, payload);
  ip.header = start.rest().first(payload.offset() - start.offset());
  ip.payload = payload.rest();
  out.ip = ip;
  if (!payload.failed()) transport(payload);
}

// Each header is at least eight bytes long, so the packet's length bounds the loop.
void Decoder::ipv6_extensions(Ip& ip, Reader& in) {
  while (is_extension(ip.protocol) && ip.fragment_offset == 0) {
    const auto start = in;
    const auto type = ip.protocol;
    std::size_t length = 8;
    if (type == fragment) {
      fragment_header(ip, in);
    } else {
      ip.protocol = in.u8();
      const std::size_t units = in.u8();
      length = type == authentication ? 4 * (units + 2) : 8 * (units + 1);
      const auto body = in.take(length - 2);
      if (type == routing && !in.failed() && body[1] != 0) final_destination_ = false;
    }
    if (in.failed()) ip.protocol = type;
    if (in.failed()) return too_short(fmt::format("IPv6 extension header {}", type), length, start);
  }
}

void Decoder::fragment_header(Ip& ip, Reader& in) {
  const auto start = in;
  ip.protocol = in.u8();
  in.u8();
  const auto place = in.u16();
  ip.id = in.u32();
  ip.fragment_offset = place & 0xFFF8U;
  ip.more_fragments = (place & 1) != 0;
  if (!in.failed()) fragment_fits(ip, in, start.offset() + 2);
}

void Decoder::fragment_fits(const Ip& ip, const Reader& payload, std::size_t offset) {
  if (!ip.is_fragment()) return;
  const auto size = payload.wire_size();
  if (ip.fragment_offset + size > 0xFFFF)
    malformed(fmt::format("fragment at {} reaches beyond 65535", ip.fragment_offset), offset);
  else if (ip.more_fragments && !payload.is_cut() && size % 8 != 0)
    malformed(fmt::format("fragment of {} bytes, no multiple of 8, is not the last", size), offset);
}

void Decoder::transport(Reader in) {
  if (out.ip->fragment_offset != 0) return;
  if (out.ip->more_fragments) in = in.continued_elsewhere();
  const auto protocol = out.ip->protocol;
  const auto v6 = out.ip->source.is_v6();
  if (protocol == udp_datagram) return udp(in);
  if (protocol == tcp_segment) return tcp(in);
  if (protocol == (v6 ? icmp_v6 : icmp_v4)) return icmp(in, v6);
}

}  // namespace wirelab::capture
