#include "scenarios/look_for.hpp"

#include <string>
#include <utility>

namespace wirelab::scenarios::look_for {
namespace {

using capture::Arp;
using capture::Decoded;
using capture::Icmp;
using capture::Packet;
using Fits = capture::Trace::Fits;

// RFC 4861, 4.3 and 4.4
constexpr std::uint8_t neighbour_solicitation = 135;
constexpr std::uint8_t neighbour_advertisement = 136;

bool is_resolution(const Decoded& packet, const IpAddress& target, bool request) {
  if (packet.arp && target.is_v4()) {
    if (request) return packet.arp->operation == Arp::request && packet.arp->target_ip == target.v4();
    return packet.arp->operation == Arp::reply && packet.arp->sender_ip == target.v4();
  }
  const auto* icmp = packet.icmp();
  return icmp != nullptr && icmp->v6 && icmp->target == target &&
         icmp->type == (request ? neighbour_solicitation : neighbour_advertisement);
}

bool is_echo(const Decoded& packet, bool request, std::uint16_t identifier, std::uint16_t sequence) {
  const auto* icmp = packet.icmp();
  return icmp != nullptr && (request ? icmp->is_echo_request() : icmp->is_echo_reply()) &&
         icmp->identifier == identifier && icmp->sequence == sequence;
}

// The packet that an ICMP error from `source` quotes; null if this is none.
const Decoded* quoted_by(const Decoded& packet, const IpAddress& source) {
  const auto* icmp = packet.icmp();
  return icmp != nullptr && packet.ip && packet.ip->source == source ? icmp->quoted.get() : nullptr;
}

}  // namespace

Fits resolution_request(const IpAddress& target) {
  return [target](const Packet&, const Decoded& packet) { return is_resolution(packet, target, true); };
}

Fits resolution_reply(const IpAddress& target) {
  return [target](const Packet&, const Decoded& packet) { return is_resolution(packet, target, false); };
}

Fits echo_request(std::uint16_t identifier, std::uint16_t sequence) {
  return [=](const Packet&, const Decoded& packet) { return is_echo(packet, true, identifier, sequence); };
}

Fits echo_reply(std::uint16_t identifier, std::uint16_t sequence) {
  return [=](const Packet&, const Decoded& packet) { return is_echo(packet, false, identifier, sequence); };
}

Fits error_for_echo(const IpAddress& source, std::uint16_t identifier, std::uint16_t sequence) {
  return [=](const Packet&, const Decoded& packet) {
    const auto* quoted = quoted_by(packet, source);
    return quoted != nullptr && is_echo(*quoted, true, identifier, sequence);
  };
}

Fits error_for_udp(const IpAddress& source, Port port) {
  return [=](const Packet&, const Decoded& packet) {
    const auto* quoted = quoted_by(packet, source);
    return quoted != nullptr && quoted->udp() != nullptr && quoted->udp()->source == port;
  };
}

bool is_syn(const capture::Tcp& tcp) { return tcp.flags.syn && !tcp.flags.ack; }
bool is_syn_ack(const capture::Tcp& tcp) { return tcp.flags.syn && tcp.flags.ack; }
bool is_fin(const capture::Tcp& tcp) { return tcp.flags.fin; }
bool is_rst(const capture::Tcp& tcp) { return tcp.flags.rst; }
bool has_data(const capture::Tcp& tcp) { return tcp.length > 0; }

std::function<bool(const capture::Tcp&)> has_text(std::string_view text) {
  return [text = std::string(text)](const capture::Tcp& tcp) {
    return as_text(tcp.payload).find(text) != std::string_view::npos;
  };
}

Fits datagram(const Endpoint& source, const Endpoint& destination) {
  return [=](const Packet&, const Decoded& packet) {
    return packet.udp() != nullptr && packet.source() == source && packet.destination() == destination;
  };
}

Fits tcp(const Endpoint& source, const Endpoint& destination, std::function<bool(const capture::Tcp&)> fits) {
  return [=, fits = std::move(fits)](const Packet&, const Decoded& packet) {
    return packet.tcp() != nullptr && packet.source() == source && packet.destination() == destination &&
           fits(*packet.tcp());
  };
}

Fits segment(const Endpoint& source, const Endpoint& destination) { return tcp(source, destination, has_data); }

Fits between(const Endpoint& one, const Endpoint& other) {
  return [=](const Packet&, const Decoded& packet) {
    if (packet.tcp() == nullptr) return false;
    const auto from = packet.source(), to = packet.destination();
    return (from == one && to == other) || (from == other && to == one);
  };
}

}  // namespace wirelab::scenarios::look_for
