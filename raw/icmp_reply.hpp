// What came back: ICMP and ICMPv6 messages as raw and packet sockets receive them. Public, pure, a fuzz target.
//
// Nothing in the bytes is trusted: a message is parsed, or it is malformed with the reason and the place. Views point
// into the given bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "raw/ip_header.hpp"

namespace wirelab::raw {

// The packet that an error message quotes, as far as quoted.
struct Quoted {
  IpAddress source, destination;
  std::uint8_t protocol = 0;
  // ICMP and ICMPv6 echo: identifier and sequence number; UDP and TCP: source and destination port; else zeros.
  std::uint16_t first = 0, second = 0;
};

enum class ReplyKind { echo_request, echo_reply, time_exceeded, port_unreachable, unreachable, too_big, other };
// "echo reply", "fragmentation needed or packet too big", ...
std::string_view name_of(ReplyKind kind);

struct IcmpMessage {
  ReplyKind kind = ReplyKind::other;
  IpAddress from, to;
  std::uint8_t ttl = 0;  // hop limit
  std::uint8_t type = 0, code = 0;
  std::uint16_t identifier = 0, sequence = 0;  // echo only
  std::uint32_t mtu = 0;                       // too_big only
  ByteView payload;                            // echo: the data; errors: what is quoted
  std::optional<Quoted> quoted;                // errors that quote a readable packet
};

using ParsedIcmp = std::variant<IcmpMessage, Malformed>;

// An IPv4 or IPv6 packet from its header on. Malformed: another version or protocol, a length that the bytes do not
// hold, a fragment, a wrong checksum of the IPv4 header or of the message. IPv6 extension headers are not followed.
ParsedIcmp parse_icmp(ByteView packet);

// An ICMPv6 message without its IP header, as a raw ICMPv6 socket gives it.
ParsedIcmp parse_icmpv6(ByteView message, const Ipv6& from, const Ipv6& to, std::uint8_t hop_limit);

}  // namespace wirelab::raw
