#include "raw/assemble.hpp"

#include <stdexcept>

#include <netinet/in.h>
#include <tins/ethernetII.h>
#include <tins/ip.h>
#include <tins/ipv6.h>
#include <tins/rawpdu.h>

namespace wirelab::raw {
namespace {

constexpr std::size_t max_ip_packet = 65535;

Tins::IP network_v4(const Headers& headers, std::uint8_t protocol) {
  Tins::IP ip(to_tins(headers.destination.v4()), to_tins(headers.source.v4()));
  ip.protocol(protocol);
  ip.ttl(headers.ttl);
  ip.id(headers.ip_id);
  if (headers.dont_fragment) ip.flags(Tins::IP::DONT_FRAGMENT);
  return ip;
}

Tins::IPv6 network_v6(const Headers& headers, std::uint8_t protocol) {
  Tins::IPv6 ip(to_tins(headers.destination.v6()), to_tins(headers.source.v6()));
  ip.next_header(protocol);
  ip.hop_limit(headers.ttl);
  return ip;
}

}  // namespace

Tins::IPv4Address to_tins(Ipv4 address) { return Tins::IPv4Address(htonl(address.number())); }

Tins::IPv6Address to_tins(const Ipv6& address) { return {address.bytes().data()}; }

Packet assemble(const Headers& headers, const Tins::PDU& transport, std::uint8_t protocol) {
  if (headers.source.is_v4() != headers.destination.is_v4())
    throw std::logic_error("source and destination of a packet are of one IP version");
  const std::size_t network_size = headers.source.is_v4() ? ipv4_header_size : ipv6_header_size;
  const std::size_t packet_size = network_size + transport.size();
  if (packet_size > max_ip_packet) throw std::logic_error("an IP packet has at most 65535 bytes");

  Tins::EthernetII ethernet(headers.ethernet_destination.bytes().data(), headers.ethernet_source.bytes().data());
  if (headers.source.is_v4()) {
    ethernet /= network_v4(headers, protocol);
  } else {
    ethernet /= network_v6(headers, protocol);
  }
  ethernet /= transport;
  auto frame = ethernet.serialize();
  // libtins pads to Ethernet's minimum; Linux leaves that to the hardware.
  frame.resize(ethernet_header_size + packet_size);
  return {std::move(frame), headers, protocol};
}

Packet assemble(const Headers& headers, ByteView transport, std::uint8_t protocol) {
  return assemble(headers, Tins::RawPDU(transport.data(), static_cast<std::uint32_t>(transport.size())), protocol);
}

}  // namespace wirelab::raw
