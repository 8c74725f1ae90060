// TCP segments made by hand, and those that came in (RFC 9293, 3.1). Public, pure, a fuzz target.
//
// A segment is a value; tcp_packet() makes it a packet with right lengths and checksums, which patch.hpp can make
// wrong. What comes in is not trusted: it is a segment whose lengths and checksums are right, or it is malformed.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "raw/ip_header.hpp"
#include "raw/packet.hpp"
#include "raw/tcp_options.hpp"
#include "raw/tcp_sequence.hpp"

namespace wirelab::raw {

struct TcpFlags {
  bool fin = false, syn = false, rst = false, psh = false, ack = false, urg = false, ece = false, cwr = false;
  // The byte of the header, CWR first.
  [[nodiscard]] std::uint8_t bits() const;
  static TcpFlags from_bits(std::uint8_t bits);
  friend bool operator==(const TcpFlags&, const TcpFlags&) = default;
};

struct TcpSegment {
  Port source{}, destination{};
  Sequence sequence, acknowledgement;
  TcpFlags flags;
  std::uint16_t window = 0;  // as it stands in the header, not scaled
  std::uint16_t urgent = 0;
  TcpOptions options;
  Bytes payload;

  // How many sequence numbers it takes: its bytes, and one each for SYN and FIN (RFC 9293, 3.4).
  [[nodiscard]] std::uint32_t length() const;
  // The sequence number after its last.
  [[nodiscard]] Sequence end() const { return sequence + length(); }
  // "SYN ACK 7:8 ack 4 win 64240", numbers as they are.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const TcpSegment&, const TcpSegment&) = default;
};

// Over IPv4 or IPv6, as the addresses say. Throws std::logic_error if the options take over 40 bytes or the packet over
// 65535.
Packet tcp_packet(const Headers& headers, const TcpSegment& segment);

struct TcpArrival {
  IpAddress from, to;
  std::uint8_t ttl = 0;
  TcpSegment segment;
};
using ParsedTcp = std::variant<TcpArrival, Malformed>;

// An IPv4 or IPv6 packet from its header on. Malformed: another protocol, a length that the bytes do not hold, a
// fragment, a wrong checksum of the IPv4 header or of the segment, options that cannot be walked.
ParsedTcp parse_tcp(ByteView packet);

}  // namespace wirelab::raw
