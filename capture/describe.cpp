#include "capture/describe.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "capture/layer_text.hpp"
#include "capture/payload_text.hpp"
#include "lab/stack/frame_decoder.hpp"

namespace wirelab::capture {
namespace {

std::string ends(const Decoded& packet) {
  const auto source = packet.source();
  const auto destination = packet.destination();
  if (source && destination) return fmt::format("{} > {}", *source, *destination);
  return fmt::format("{} > {}", packet.ip->source, packet.ip->destination);
}

// Protocol and what it says, without addresses and sizes.
std::string headline(const Decoded& packet) {
  auto protocol = protocol_name(packet.ip->protocol);
  if (const auto* icmp = packet.icmp()) return fmt::format("{} {}", protocol, icmp_text(*icmp));
  if (const auto* tcp = packet.tcp()) return fmt::format("{} {}", protocol, tcp_text(*tcp));
  return protocol;
}

// Whose address it tells, and by whom if a frame's header and its ARP packet do not agree.
std::string arp_line(const Decoded& packet) {
  const auto& arp = *packet.arp;
  const bool agrees = !packet.ethernet || packet.ethernet->source == arp.sender_mac;
  return agrees ? arp_text(arp) : fmt::format("{}, sent by {}", arp_text(arp), packet.ethernet->source);
}

// The headers of the reference stack's frames, if the payload is nothing but whole frames; HTTP's first line.
std::string frames(const Decoded& packet) {
  if (const auto* udp = packet.udp()) {
    const auto datagram = decode_datagram(udp->payload);
    const auto* frame = std::get_if<Frame>(&datagram);
    return frame != nullptr ? " frame " + printable(frame->header) : "";
  }
  const auto* tcp = packet.tcp();
  if (tcp == nullptr || tcp->payload.empty()) return "";
  FrameDecoder decoder;
  decoder.feed(tcp->payload);
  std::string text;
  for (auto next = decoder.next(); std::holds_alternative<Frame>(next); next = decoder.next())
    text += " frame " + printable(std::get<Frame>(next).header);
  if (!decoder.eof()) return text;
  const auto http = http_text(tcp->payload);
  return http.empty() ? "" : ' ' + http;
}

std::string quotation(const Icmp& icmp) {
  if (!icmp.quoted) return "";
  if (!icmp.quoted->ip) return fmt::format(" (quoting {} bytes)", icmp.quoted->frame.size());
  return fmt::format(" (quoting {}: {} ttl {})", ends(*icmp.quoted), headline(*icmp.quoted), icmp.quoted->ip->ttl);
}

// Bytes of the IP packet that UDP's length leaves over are the surplus area of RFC 9868.
void add_udp_size(Line& line, const Udp& udp, const Ip& ip) {
  const int length = std::max<int>(udp.length, 8);
  line.add(" len {}", length - 8);
  const auto surplus = static_cast<int>(ip.payload.size()) - length;
  if (surplus > 0 && !ip.is_fragment()) line.add(" surplus {}", surplus);
}

void add_size(Line& line, const Decoded& packet) {
  if (const auto* icmp = packet.icmp())
    line.add(" length {}", icmp->length);
  else if (const auto* udp = packet.udp())
    add_udp_size(line, *udp, *packet.ip);
  else if (const auto* tcp = packet.tcp())
    line.add(" len {}", tcp->length);
  else
    line.add(" len {}", std::max<std::size_t>(packet.ip->length, packet.ip->header.size()) - packet.ip->header.size());
}

void add_fragment(Line& line, const Ip& ip) {
  if (ip.dont_fragment) line.add(" DF");
  if (!ip.is_fragment()) return;
  line.add(" fragment {} at {}{}", ip.id, ip.fragment_offset, ip.more_fragments ? " more" : " last");
}

// In a label: the ports of a quoted packet, or what an echo asked for.
std::string short_quotation(const Icmp& icmp) {
  if (!icmp.quoted || !icmp.quoted->ip) return "";
  const Decoded& quoted = *icmp.quoted;
  if (const auto* echo = quoted.icmp()) return fmt::format(" (quoting {})", icmp_text(*echo));
  const auto protocol = protocol_name(quoted.ip->protocol);
  const auto source = quoted.source(), destination = quoted.destination();
  if (!source || !destination) return fmt::format(" (quoting {})", protocol);
  return fmt::format(" (quoting {} {} > {})", protocol, source->port, destination->port);
}

Checksum transport_checksum(const Decoded& packet) {
  if (const auto* icmp = packet.icmp()) return icmp->checksum;
  if (const auto* udp = packet.udp()) return udp->checksum;
  if (const auto* tcp = packet.tcp()) return tcp->checksum;
  return {};
}

void add_checksum(Line& line, std::string_view what, const Checksum& checksum) {
  if (checksum == Checksum::wrong)
    line.add(" bad {} 0x{:04x} should be 0x{:04x}", what, checksum.stated, checksum.expected);
  if (checksum == Checksum::offloaded) line.add(" {} offloaded", what);
}

void add_faults(Line& line, const Decoded& packet) {
  if (packet.ip) add_checksum(line, "IP checksum", packet.ip->checksum);
  add_checksum(line, "checksum", transport_checksum(packet));
  if (packet.original_length > packet.frame.size())
    line.add(" captured {} of {}", packet.frame.size(), packet.original_length);
  if (packet.malformed) line.add(" malformed: {} at {}", packet.malformed->reason, packet.malformed->offset);
}

void add_ip(Line& line, const Decoded& packet) {
  line.add("{}: {}", ends(packet), headline(packet));
  if (const auto* icmp = packet.icmp()) line.add("{}", quotation(*icmp));
  line.add(" ttl {}", packet.ip->ttl);
  add_size(line, packet);
  add_fragment(line, *packet.ip);
  line.add("{}", frames(packet));
}

void add_ip_label(Line& line, const Decoded& packet) {
  const auto* icmp = packet.icmp();
  const auto* tcp = packet.tcp();
  const auto content = frames(packet);
  line.add("{}", icmp != nullptr ? icmp_text(*icmp) + short_quotation(*icmp) : protocol_name(packet.ip->protocol));
  if (tcp != nullptr) line.add(" [{}]", letters_of(tcp->flags));
  line.add("{}", content);
  if (packet.ip->is_fragment())
    line.add(" fragment at {}{}", packet.ip->fragment_offset, packet.ip->more_fragments ? "" : ", last");
  else if (icmp == nullptr && content.empty() && (tcp == nullptr || tcp->length != 0))
    add_size(line, packet);
}

}  // namespace

std::string describe(const Decoded& packet) {
  Line line;
  if (packet.ethernet && packet.ethernet->vlan) line.add("vlan {} ", *packet.ethernet->vlan);
  if (packet.ip)
    add_ip(line, packet);
  else if (packet.arp)
    line.add("ARP {}", arp_line(packet));
  else if (packet.ethernet)
    line.add("{} > {}: {}", packet.ethernet->source, packet.ethernet->destination, ethernet_text(*packet.ethernet));
  else
    line.add("frame of {} bytes", packet.original_length);
  add_faults(line, packet);
  return line.text();
}

std::string label(const Decoded& packet) {
  Line line;
  if (packet.ip)
    add_ip_label(line, packet);
  else if (packet.arp)
    line.add("{}", arp_line(packet));
  else if (packet.ethernet)
    line.add("{}", ethernet_text(*packet.ethernet));
  else
    line.add("{} bytes", packet.original_length);
  if (packet.malformed)
    line.add(" malformed: {}", packet.malformed->reason);
  else if (transport_checksum(packet) == Checksum::wrong || (packet.ip && packet.ip->checksum == Checksum::wrong))
    line.add(" bad checksum");
  return line.text();
}

}  // namespace wirelab::capture
