#include "raw/icmp_reply.hpp"

#include <algorithm>

#include "lab/base/checksum.hpp"
#include "raw/packet.hpp"

namespace wirelab::raw {
namespace {

constexpr std::uint16_t offset_bits = 0x1FFF;
constexpr std::uint8_t protocol_fragment = 44;  // the IPv6 fragment header (RFC 8200, 4.5)
constexpr std::size_t fragment_header_size = 8;

bool is_echo(std::uint8_t protocol, std::uint8_t type) {
  return protocol == protocol_icmp ? type == 8 || type == 0
                                   : protocol == protocol_icmpv6 && (type == 128 || type == 129);
}

// The transport layer of a quoted packet, after an IPv6 fragment header if there is one; empty in a later fragment.
ByteView quoted_transport(ByteView packet, const IpHeader& network, std::uint8_t& protocol) {
  const auto rest = packet.subspan(network.size);
  if (network.source.is_v4()) return (load_be16(&packet[6]) & offset_bits) == 0 ? rest : ByteView{};
  if (protocol != protocol_fragment || rest.size() < fragment_header_size) return rest;
  protocol = rest[0];
  return load_be16(&rest[2]) >> 3 == 0 ? rest.subspan(fragment_header_size) : ByteView{};
}

std::optional<Quoted> parse_quoted(ByteView packet) {
  const auto read = read_ip_header(packet);
  const auto* const network = std::get_if<IpHeader>(&read);
  if (network == nullptr) return std::nullopt;
  Quoted quoted{network->source, network->destination, network->protocol, 0, 0};
  const auto transport = quoted_transport(packet, *network, quoted.protocol);
  // The least that an error quotes of the transport layer (RFC 792).
  if (transport.size() < 8) return quoted;
  const bool ports = quoted.protocol == protocol_udp || quoted.protocol == protocol_tcp;
  const std::size_t at = is_echo(quoted.protocol, transport[0]) ? 4 : 0;
  if (!ports && at == 0) return quoted;
  quoted.first = load_be16(&transport[at]);
  quoted.second = load_be16(&transport[at + 2]);
  return quoted;
}

ReplyKind kind_v4(std::uint8_t type, std::uint8_t code) {
  switch (type) {
    case 0:
      return ReplyKind::echo_reply;
    case 3:
      return code == 3 ? ReplyKind::port_unreachable : code == 4 ? ReplyKind::too_big : ReplyKind::unreachable;
    case 8:
      return ReplyKind::echo_request;
    case 11:
      return ReplyKind::time_exceeded;
    default:
      return ReplyKind::other;
  }
}

ReplyKind kind_v6(std::uint8_t type, std::uint8_t code) {
  switch (type) {
    case 1:
      return code == 4 ? ReplyKind::port_unreachable : ReplyKind::unreachable;
    case 2:
      return ReplyKind::too_big;
    case 3:
      return ReplyKind::time_exceeded;
    case 128:
      return ReplyKind::echo_request;
    case 129:
      return ReplyKind::echo_reply;
    default:
      return ReplyKind::other;
  }
}

bool is_error(bool v4, std::uint8_t type) {
  return v4 ? type == 3 || type == 4 || type == 5 || type == 11 || type == 12 : type < 128;
}

// `message` has at least the eight bytes of an ICMP header and a right checksum.
IcmpMessage read_message(ByteView message, const IpHeader& network) {
  const bool v4 = network.source.is_v4();
  IcmpMessage read{.from = network.source, .to = network.destination, .ttl = network.ttl};
  read.type = message[0];
  read.code = message[1];
  read.kind = v4 ? kind_v4(read.type, read.code) : kind_v6(read.type, read.code);
  read.payload = message.subspan(icmp_header_size);
  if (is_echo(network.protocol, read.type)) {
    read.identifier = load_be16(&message[4]);
    read.sequence = load_be16(&message[6]);
  }
  if (read.kind == ReplyKind::too_big) read.mtu = v4 ? load_be16(&message[6]) : load_be32(&message[4]);
  if (is_error(v4, read.type)) read.quoted = parse_quoted(read.payload);
  return read;
}

ParsedIcmp parse_message(ByteView message, const IpHeader& network) {
  if (message.size() < icmp_header_size) return Malformed{"a cut ICMP header", network.size + message.size()};
  const auto sum = network.source.is_v4()
                       ? internet_checksum(message)
                       : transport_checksum(network.source, network.destination, protocol_icmpv6, message);
  if (sum != 0) return Malformed{"a wrong ICMP checksum", network.size + 2};
  return read_message(message, network);
}

}  // namespace

std::string_view name_of(ReplyKind kind) {
  switch (kind) {
    case ReplyKind::echo_request:
      return "echo request";
    case ReplyKind::echo_reply:
      return "echo reply";
    case ReplyKind::time_exceeded:
      return "time exceeded";
    case ReplyKind::port_unreachable:
      return "port unreachable";
    case ReplyKind::unreachable:
      return "destination unreachable";
    case ReplyKind::too_big:
      return "packet too big";
    case ReplyKind::other:
      break;
  }
  return "another ICMP message";
}

ParsedIcmp parse_icmp(ByteView packet) {
  const auto read = read_whole_ip_header(packet);
  if (const auto* const malformed = std::get_if<Malformed>(&read)) return *malformed;
  const auto& network = std::get<IpHeader>(read);
  const bool v4 = network.source.is_v4();
  if (network.protocol != (v4 ? protocol_icmp : protocol_icmpv6))
    return Malformed{"another protocol than ICMP", v4 ? 9U : 6U};
  return parse_message(transport_of(packet, network), network);
}

ParsedIcmp parse_icmpv6(ByteView message, const Ipv6& from, const Ipv6& to, std::uint8_t hop_limit) {
  return parse_message(message, {.source = from, .destination = to, .protocol = protocol_icmpv6, .ttl = hop_limit});
}

}  // namespace wirelab::raw
