#include "raw/packet.hpp"

#include <stdexcept>
#include <utility>

namespace wirelab::raw {

Packet::Packet(Bytes frame, const Headers& headers, std::uint8_t protocol)
    : frame_(std::move(frame)),
      transport_(ethernet_header_size + (headers.source.is_v4() ? ipv4_header_size : ipv6_header_size)),
      protocol_(protocol),
      dont_fragment_v6_(headers.dont_fragment) {
  if (frame_.size() < transport_ + icmp_header_size) throw std::logic_error("a packet shorter than its headers");
}

std::size_t Packet::start_of(Layer layer) const {
  switch (layer) {
    case Layer::ethernet:
      return 0;
    case Layer::network:
      return ethernet_header_size;
    case Layer::transport:
      break;
  }
  return transport_;
}

ByteView Packet::from(Layer layer) const { return ByteView(frame_).subspan(start_of(layer)); }

MutableBytes Packet::from(Layer layer) { return MutableBytes(frame_).subspan(start_of(layer)); }

std::uint8_t Packet::ttl() const { return from(Layer::network)[is_v4() ? 8 : 7]; }

bool Packet::dont_fragment() const { return is_v4() ? (from(Layer::network)[6] & 0x40) != 0 : dont_fragment_v6_; }

IpAddress Packet::address_at(std::size_t index) const {
  const auto network = from(Layer::network);
  if (is_v4()) return Ipv4::from_bytes(network.subspan(12 + index * Ipv4::size));
  return Ipv6::from_bytes(network.subspan(8 + index * Ipv6::size));
}

}  // namespace wirelab::raw
