// Template: a packet that is serialized once and then sent many times with other fields. Public, pure.
//
//   Template syn(tcp_packet(headers, {.source = Port{61000}, .flags = {.syn = true}}));
//   for (const auto port : ports) {
//     syn.set_destination_port(port);
//     sender.send(syn.frame());
//   }
//
// Like patch.hpp it keeps every checksum as right as it was by the incremental update of RFC 1624. Unlike there the
// places of the fields are found once, when the template is made, so that a change costs a few nanoseconds.
#pragma once

#include <cstdint>

#include "raw/packet.hpp"

namespace wirelab::raw {

class Template {
 public:
  // Takes over an ICMP, ICMPv6, UDP or TCP packet; throws std::logic_error for another protocol.
  explicit Template(const Packet& packet);

  // The whole frame, from its Ethernet header on; valid until the template changes.
  [[nodiscard]] ByteView frame() const { return frame_; }

  void set_link_destination(const Mac& mac);
  // std::bad_variant_access for an address of the other IP version.
  void set_source(const IpAddress& address);
  void set_destination(const IpAddress& address);
  void set_ttl(std::uint8_t ttl);  // hop limit
  // IPv4 only, std::logic_error otherwise.
  void set_ip_id(std::uint16_t id);

  // UDP and TCP only, std::logic_error otherwise.
  void set_source_port(Port port);
  void set_destination_port(Port port);
  // TCP only, std::logic_error otherwise.
  void set_tcp_sequence(std::uint32_t sequence);
  void set_tcp_acknowledgement(std::uint32_t acknowledgement);
  void set_tcp_flags(std::uint8_t bits);  // FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128
  void set_tcp_window(std::uint16_t window);
  // ICMP and ICMPv6 echo only, std::logic_error otherwise.
  void set_echo(std::uint16_t identifier, std::uint16_t sequence);

  // The word number `index`, from 0, after the fixed transport header: of TCP options if there are any, else of the
  // payload. Throws std::logic_error beyond the last whole word.
  void set_payload_word(std::size_t index, std::uint16_t word);

 private:
  // Where a checksum lies, by which a changed word is covered; none for 0.
  using Place = std::size_t;

  void replace(std::size_t at, std::uint16_t word, Place checksum);
  void replace(std::size_t at, std::uint32_t words, Place checksum);
  void replace_address(const IpAddress& address, std::size_t index);
  void update(Place checksum, std::uint16_t before, std::uint16_t after);
  void need(bool fits, const char* what) const;

  Bytes frame_;
  bool v4_;
  std::uint8_t protocol_;
  std::size_t transport_;
  std::size_t payload_;
  Place network_checksum_;  // of the IPv4 header
  Place transport_checksum_;
  Place address_checksum_;  // of the transport layer, if it covers the addresses
};

}  // namespace wirelab::raw
