// Packet: one IP packet made by hand, from its Ethernet header on, with the places of its layers. Public, pure.
//
// It is made once (icmp.hpp, udp.hpp), then patched by bytes (patch.hpp) and sent as often as one likes. The same
// packet serves all three depths: a packet socket sends it from the Ethernet layer on, a raw IP socket from the network
// layer, a raw ICMP socket from the transport layer.
#pragma once

#include <cstdint>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "lab/journal.hpp"

namespace wirelab::raw {

using Layer = Journal::Layer;

// IANA protocol numbers.
constexpr std::uint8_t protocol_icmp = 1;
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint8_t protocol_udp = 17;
constexpr std::uint8_t protocol_icmpv6 = 58;

constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint16_t ethertype_arp = 0x0806;
constexpr std::uint16_t ethertype_ipv6 = 0x86DD;

constexpr std::size_t ethernet_header_size = 14;
constexpr std::size_t ipv4_header_size = 20;  // without options, which nothing here makes
constexpr std::size_t ipv6_header_size = 40;
constexpr std::size_t icmp_header_size = 8;
constexpr std::size_t udp_header_size = 8;
constexpr std::size_t tcp_header_size = 20;  // without options

// What stands below the transport layer. The defaults are what Linux writes; libtins' own are not (TTL 128, IP
// identification 1, no DF). Source and destination are of one IP version; the MACs matter to packet sockets alone.
struct Headers {
  IpAddress source, destination;
  std::uint8_t ttl = 64;    // IPv6: hop limit
  std::uint16_t ip_id = 0;  // IPv4 only
  // IPv4: the DF bit. IPv6 has none; a raw ICMP socket's kernel cuts what is too long for its own link unless this is
  // set.
  bool dont_fragment = true;
  Mac ethernet_source, ethernet_destination;
};

class Packet {
 public:
  // `frame` is a whole frame made of `headers`. Throws std::logic_error if it holds less than they and a transport
  // header take.
  Packet(Bytes frame, const Headers& headers, std::uint8_t protocol);

  [[nodiscard]] bool is_v4() const { return transport_ == ethernet_header_size + ipv4_header_size; }
  [[nodiscard]] std::uint8_t protocol() const { return protocol_; }
  [[nodiscard]] IpAddress source() const { return address_at(0); }
  [[nodiscard]] IpAddress destination() const { return address_at(1); }
  [[nodiscard]] std::uint8_t ttl() const;
  // As in Headers.
  [[nodiscard]] bool dont_fragment() const;

  // The bytes from that layer's header to the end; the views live as long as the packet.
  [[nodiscard]] ByteView from(Layer layer) const;
  [[nodiscard]] MutableBytes from(Layer layer);

 private:
  [[nodiscard]] IpAddress address_at(std::size_t index) const;
  [[nodiscard]] std::size_t start_of(Layer layer) const;

  Bytes frame_;
  std::size_t transport_;
  std::uint8_t protocol_;
  bool dont_fragment_v6_;
};

}  // namespace wirelab::raw
