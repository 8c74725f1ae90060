// Frames for the tests of matching, origins and ladders: right in every length and checksum unless changed afterwards.
#pragma once

#include <string_view>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "lab/base/checksum.hpp"

namespace wirelab::capture {

inline void append(Bytes& to, ByteView bytes) {
  const auto old_size = to.size();
  to.resize(old_size + bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) to[old_size + i] = bytes[i];
}

// What stands below the transport layer.
struct Below {
  std::string_view source, destination;  // IPv4
  std::uint8_t ttl = 64;
  std::uint16_t id = 1;
  std::uint16_t fragment = 0x4000;  // flags and offset in units of 8 bytes; DF
  std::string_view source_mac = "02:77:00:00:00:01", destination_mac = "02:77:00:00:00:02";
};

// The packets of most tests: from a host, and the same behind a router.
inline constexpr Below from_a{.source = "10.0.1.2", .destination = "10.0.2.2"};
inline constexpr Below routed{.source = "10.0.1.2",
                              .destination = "10.0.2.2",
                              .ttl = 63,
                              .source_mac = "02:77:00:00:00:03",
                              .destination_mac = "02:77:00:00:00:04"};

inline Bytes ip_packet(const Below& below, std::uint8_t protocol, ByteView payload) {
  Bytes packet(20);
  packet[0] = 0x45;
  store_be16(&packet[2], static_cast<std::uint16_t>(20 + payload.size()));
  store_be16(&packet[4], below.id);
  store_be16(&packet[6], below.fragment);
  packet[8] = below.ttl;
  packet[9] = protocol;
  store_be32(&packet[12], Ipv4::parse(below.source)->number());
  store_be32(&packet[16], Ipv4::parse(below.destination)->number());
  store_be16(&packet[10], internet_checksum(packet));
  append(packet, payload);
  return packet;
}

inline Bytes ethernet_frame(std::string_view source, std::string_view destination, std::uint16_t type,
                            ByteView payload) {
  Bytes frame;
  append(frame, Mac::parse(destination)->bytes());
  append(frame, Mac::parse(source)->bytes());
  frame.resize(14);
  store_be16(&frame[12], type);
  append(frame, payload);
  return frame;
}

inline Bytes ip_frame(const Below& below, std::uint8_t protocol, ByteView payload) {
  return ethernet_frame(below.source_mac, below.destination_mac, 0x0800, ip_packet(below, protocol, payload));
}

// Puts the checksum with the pseudo header at `offset` of a transport segment.
inline Bytes with_checksum(const Below& below, std::uint8_t protocol, Bytes segment, std::size_t offset) {
  store_be16(&segment[offset],
             transport_checksum(*Ipv4::parse(below.source), *Ipv4::parse(below.destination), protocol, segment));
  return segment;
}

inline Bytes udp_frame(const Below& below, std::uint16_t source, std::uint16_t destination, std::string_view payload) {
  Bytes segment(8);
  store_be16(&segment[0], source);
  store_be16(&segment[2], destination);
  store_be16(&segment[4], static_cast<std::uint16_t>(8 + payload.size()));
  append(segment, as_bytes(payload));
  return ip_frame(below, 17, with_checksum(below, 17, std::move(segment), 6));
}

struct TcpFields {
  std::uint16_t source, destination;
  std::uint32_t sequence, acknowledgement;
  std::uint8_t flags;  // as on the wire: 2 SYN, 4 RST, 16 ACK ...
  std::uint16_t window = 64240;
};
inline Bytes tcp_frame(const Below& below, const TcpFields& fields, std::string_view payload = {}) {
  Bytes segment(20);
  store_be16(&segment[0], fields.source);
  store_be16(&segment[2], fields.destination);
  store_be32(&segment[4], fields.sequence);
  store_be32(&segment[8], fields.acknowledgement);
  segment[12] = 0x50;
  segment[13] = fields.flags;
  store_be16(&segment[14], fields.window);
  append(segment, as_bytes(payload));
  return ip_frame(below, 6, with_checksum(below, 6, std::move(segment), 16));
}

// `rest` is the second half of the header: identifier and sequence number of an echo, zero of most errors.
inline Bytes icmp_message(std::uint8_t type, std::uint8_t code, std::uint32_t rest, ByteView payload) {
  Bytes message(8);
  message[0] = type;
  message[1] = code;
  store_be32(&message[4], rest);
  append(message, payload);
  store_be16(&message[2], internet_checksum(message));
  return message;
}
inline Bytes echo_frame(const Below& below, bool request, std::uint16_t identifier, std::uint16_t sequence) {
  const auto rest = std::uint32_t{identifier} << 16 | sequence;
  return ip_frame(below, 1, icmp_message(request ? 8 : 0, 0, rest, as_bytes("12345678")));
}

inline Bytes arp_frame(std::uint16_t operation, std::string_view sender_mac, std::string_view sender_ip,
                       std::string_view target_ip, std::string_view target_mac = "00:00:00:00:00:00") {
  Bytes arp = {0, 1, 8, 0, 6, 4, 0, 0};
  store_be16(&arp[6], operation);
  append(arp, Mac::parse(sender_mac)->bytes());
  append(arp, Ipv4::parse(sender_ip)->bytes());
  append(arp, Mac::parse(target_mac)->bytes());
  append(arp, Ipv4::parse(target_ip)->bytes());
  return ethernet_frame(sender_mac, operation == 1 ? "ff:ff:ff:ff:ff:ff" : target_mac, 0x0806, arp);
}

}  // namespace wirelab::capture
