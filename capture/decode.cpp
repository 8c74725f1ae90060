#include "capture/decode.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "capture/decoder.hpp"

namespace wirelab::capture {
namespace {

constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint16_t ethertype_arp = 0x0806;
constexpr std::uint16_t ethertype_ipv6 = 0x86DD;
constexpr std::uint16_t first_ethertype = 1536;  // below it the field is a length (IEEE 802.3, 3.2.6)

bool is_vlan_tag(std::uint16_t ethertype) { return ethertype == 0x8100 || ethertype == 0x88A8 || ethertype == 0x9100; }

std::optional<Endpoint> endpoint(const Decoded& packet, const IpAddress& address, bool source) {
  if (const auto* udp = packet.udp()) return Endpoint{address, source ? udp->source : udp->destination};
  if (const auto* tcp = packet.tcp()) return Endpoint{address, source ? tcp->source : tcp->destination};
  return std::nullopt;
}

}  // namespace

Decoded decode(ByteView frame, LinkType link, std::uint32_t original_length) {
  Decoder decoder;
  const auto whole = std::max<std::size_t>(original_length, frame.size());
  decoder.out.frame = frame;
  decoder.out.original_length = static_cast<std::uint32_t>(whole);
  decoder.link(link, Reader(frame, 0, whole - frame.size()));
  return std::move(decoder.out);
}

Decoded decode(const Packet& packet, LinkType link) { return decode(packet.bytes, link, packet.original_length); }

std::optional<Endpoint> Decoded::source() const { return ip ? endpoint(*this, ip->source, true) : std::nullopt; }
std::optional<Endpoint> Decoded::destination() const {
  return ip ? endpoint(*this, ip->destination, false) : std::nullopt;
}

void Decoder::malformed(std::string reason, std::size_t offset) {
  if (!out.malformed) out.malformed = Malformed{std::move(reason), offset};
}

void Decoder::too_short(std::string_view what, std::size_t needed, const Reader& from) {
  if (from.is_cut()) return;
  malformed(fmt::format("{} needs {} bytes, {} are there", what, needed, from.rest().size()), from.offset());
}

void Decoder::link(LinkType type, Reader in) {
  switch (type) {
    case LinkType::ethernet:
      return ethernet(in);
    case LinkType::raw_ip:
      return ip(in);
    case LinkType::null:
      return loopback(in);
    case LinkType::linux_sll:
      return cooked(in);
    case LinkType::linux_sll2:
      return cooked2(in);
  }
}

void Decoder::ethernet(Reader in) {
  const auto start = in;
  Ethernet ethernet;
  ethernet.destination = in.get<Mac>();
  ethernet.source = in.get<Mac>();
  ethernet.type = in.u16();
  if (in.failed()) return too_short("Ethernet header", 14, start);
  while (is_vlan_tag(ethernet.type)) {
    const auto tag = in;
    const auto identifier = static_cast<std::uint16_t>(in.u16() & 0x0FFF);
    ethernet.type = in.u16();
    if (in.failed()) return too_short("VLAN tag", 4, tag);
    if (!ethernet.vlan) ethernet.vlan = identifier;
  }
  out.ethernet = ethernet;
  if (ethernet.type < first_ethertype) {
    if (!in.may_hold(ethernet.type))
      malformed(fmt::format("IEEE 802.3 length {} exceeds the {} bytes there", ethernet.type, in.rest().size()),
                in.offset() - 2);
    return;
  }
  network(ethernet.type, in);
}

// LINKTYPE_LINUX_SLL: packet type, ARPHRD, address length, address (8), protocol.
void Decoder::cooked(Reader in) {
  const auto start = in;
  in.take(14);
  const auto protocol = in.u16();
  if (in.failed()) return too_short("Linux cooked header", 16, start);
  network(protocol, in);
}

// LINKTYPE_LINUX_SLL2: protocol, reserved (2), interface (4), ARPHRD, packet type, address length, address (8).
void Decoder::cooked2(Reader in) {
  const auto start = in;
  const auto protocol = in.u16();
  in.take(18);
  if (in.failed()) return too_short("Linux cooked header", 20, start);
  network(protocol, in);
}

// LINKTYPE_NULL: the address family in the byte order of the machine that captured; each BSD has its own number for
// IPv6, so the packet's version tells.
void Decoder::loopback(Reader in) {
  const auto start = in;
  in.u32();
  if (in.failed()) return too_short("loopback header", 4, start);
  ip(in);
}

void Decoder::network(std::uint16_t ethertype, Reader in) {
  switch (ethertype) {
    case ethertype_ipv4:
      return ipv4(in);
    case ethertype_ipv6:
      return ipv6(in);
    case ethertype_arp:
      return arp(in);
    default:
      return;
  }
}

void Decoder::arp(Reader in) {
  const auto start = in;
  const auto hardware = in.u16();
  const auto protocol = in.u16();
  const auto lengths = in.u16();
  Arp arp;
  arp.operation = in.u16();
  if (in.failed()) return too_short("ARP header", 8, start);
  if (hardware != 1 || protocol != ethertype_ipv4) return;
  if (lengths != (Mac::size << 8 | Ipv4::size))
    return malformed(fmt::format("ARP address lengths {} and {} are not 6 and 4", lengths >> 8, lengths & 0xFF),
                     start.offset() + 4);
  arp.sender_mac = in.get<Mac>();
  arp.sender_ip = in.get<Ipv4>();
  arp.target_mac = in.get<Mac>();
  arp.target_ip = in.get<Ipv4>();
  if (in.failed()) return too_short("ARP packet", 28, start);
  out.arp = arp;
}

}  // namespace wirelab::capture
