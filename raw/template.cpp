#include "raw/template.hpp"

#include <algorithm>
#include <stdexcept>

#include "lab/base/checksum.hpp"

namespace wirelab::raw {
namespace {

// What of a transport layer's header a template needs to know.
struct Shape {
  std::size_t header = 0, checksum = 0;
  bool pseudo_header = true;  // the checksum covers the addresses
};

Shape shape_of(std::uint8_t protocol) {
  switch (protocol) {
    case protocol_icmp:
      return {icmp_header_size, 2, false};
    case protocol_icmpv6:
      return {icmp_header_size, 2};
    case protocol_udp:
      return {udp_header_size, 6};
    case protocol_tcp:
      return {tcp_header_size, 16};
    default:
      throw std::logic_error("a template is made of an ICMP, ICMPv6, UDP or TCP packet");
  }
}

// A UDP datagram whose checksum is 0 has none (RFC 768), and keeps none.
bool has_checksum(const Packet& packet, const Shape& shape) {
  return packet.protocol() != protocol_udp || load_be16(&packet.from(Layer::transport)[shape.checksum]) != 0;
}

}  // namespace

Template::Template(const Packet& packet)
    : frame_(copy_of(packet.from(Layer::ethernet))),
      v4_(packet.is_v4()),
      protocol_(packet.protocol()),
      transport_(frame_.size() - packet.from(Layer::transport).size()),
      network_checksum_(v4_ ? ethernet_header_size + 10 : 0) {
  const auto shape = shape_of(protocol_);
  payload_ = transport_ + shape.header;
  transport_checksum_ = has_checksum(packet, shape) ? transport_ + shape.checksum : 0;
  address_checksum_ = shape.pseudo_header ? transport_checksum_ : 0;
}

void Template::need(bool fits, const char* what) const {
  if (!fits) throw std::logic_error(what);
}

void Template::update(Place checksum, std::uint16_t before, std::uint16_t after) {
  if (checksum == 0) return;
  const auto updated = updated_checksum(load_be16(&frame_[checksum]), before, after);
  // UDP writes the other zero of ones' complement, since 0 would mean "no checksum".
  const bool none = updated == 0 && protocol_ == protocol_udp && checksum == transport_checksum_;
  store_be16(&frame_[checksum], none ? 0xFFFF : updated);
}

void Template::replace(std::size_t at, std::uint16_t word, Place checksum) {
  update(checksum, load_be16(&frame_[at]), word);
  store_be16(&frame_[at], word);
}

void Template::replace(std::size_t at, std::uint32_t words, Place checksum) {
  replace(at, static_cast<std::uint16_t>(words >> 16), checksum);
  replace(at + 2, static_cast<std::uint16_t>(words), checksum);
}

void Template::set_link_destination(const Mac& mac) { std::ranges::copy(mac.bytes(), frame_.begin()); }

void Template::replace_address(const IpAddress& address, std::size_t index) {
  const ByteView bytes = v4_ ? ByteView(address.v4().bytes()) : ByteView(address.v6().bytes());
  const std::size_t at = ethernet_header_size + (v4_ ? 12 : 8) + index * bytes.size();
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const auto word = load_be16(&bytes[i]);
    update(network_checksum_, load_be16(&frame_[at + i]), word);
    replace(at + i, word, address_checksum_);
  }
}

void Template::set_source(const IpAddress& address) { replace_address(address, 0); }

void Template::set_destination(const IpAddress& address) { replace_address(address, 1); }

void Template::set_ttl(std::uint8_t ttl) {
  if (!v4_) {
    frame_[ethernet_header_size + 7] = ttl;
    return;
  }
  constexpr std::size_t at = ethernet_header_size + 8;
  replace(at, static_cast<std::uint16_t>(ttl << 8 | frame_[at + 1]), network_checksum_);
}

void Template::set_ip_id(std::uint16_t id) {
  need(v4_, "the IPv6 header has no identification");
  replace(ethernet_header_size + 4, id, network_checksum_);
}

void Template::set_source_port(Port port) {
  need(protocol_ == protocol_tcp || protocol_ == protocol_udp, "only TCP and UDP have ports");
  replace(transport_, number(port), transport_checksum_);
}

void Template::set_destination_port(Port port) {
  need(protocol_ == protocol_tcp || protocol_ == protocol_udp, "only TCP and UDP have ports");
  replace(transport_ + 2, number(port), transport_checksum_);
}

void Template::set_tcp_sequence(std::uint32_t sequence) {
  need(protocol_ == protocol_tcp, "only TCP has sequence numbers of octets");
  replace(transport_ + 4, sequence, transport_checksum_);
}

void Template::set_tcp_acknowledgement(std::uint32_t acknowledgement) {
  need(protocol_ == protocol_tcp, "only TCP acknowledges");
  replace(transport_ + 8, acknowledgement, transport_checksum_);
}

void Template::set_tcp_flags(std::uint8_t bits) {
  need(protocol_ == protocol_tcp, "only TCP has flags");
  const std::size_t at = transport_ + 12;
  replace(at, static_cast<std::uint16_t>(frame_[at] << 8 | bits), transport_checksum_);
}

void Template::set_tcp_window(std::uint16_t window) {
  need(protocol_ == protocol_tcp, "only TCP has a window");
  replace(transport_ + 14, window, transport_checksum_);
}

void Template::set_echo(std::uint16_t identifier, std::uint16_t sequence) {
  const auto type = frame_[transport_];
  const bool echo =
      protocol_ == protocol_icmp ? type == 8 || type == 0 : protocol_ == protocol_icmpv6 && type / 2 == 64;
  need(echo, "only an ICMP echo has identifier and sequence number");
  replace(transport_ + 4, identifier, transport_checksum_);
  replace(transport_ + 6, sequence, transport_checksum_);
}

void Template::set_payload_word(std::size_t index, std::uint16_t word) {
  need(index < (frame_.size() - payload_) / 2, "no such word in the payload");
  replace(payload_ + index * 2, word, transport_checksum_);
}

}  // namespace wirelab::raw
