#include "raw/patch.hpp"

#include <algorithm>
#include <stdexcept>

#include "lab/base/checksum.hpp"

namespace wirelab::raw {
namespace {

// Offsets of RFC 791, RFC 8200, RFC 792, RFC 768 and RFC 9293 within their headers.
constexpr std::size_t v4_total_length = 2;
constexpr std::size_t v4_id = 4;
constexpr std::size_t v4_fragment = 6;
constexpr std::size_t v4_ttl = 8;
constexpr std::size_t v4_checksum = 10;
constexpr std::size_t v6_payload_length = 4;
constexpr std::size_t v6_hop_limit = 7;
constexpr std::size_t icmp_checksum = 2;
constexpr std::size_t icmp_identifier = 4;
constexpr std::size_t icmp_sequence = 6;
constexpr std::size_t udp_length = 4;
constexpr std::size_t udp_checksum = 6;
constexpr std::size_t tcp_checksum = 16;

constexpr std::uint16_t dont_fragment_bit = 0x4000;

void set_word(MutableBytes header, std::size_t at, std::uint16_t word, std::size_t checksum_at) {
  auto* const checksum = header.data() + checksum_at;
  store_be16(checksum, updated_checksum(load_be16(checksum), load_be16(header.data() + at), word));
  store_be16(header.data() + at, word);
}

MutableBytes v4_header(Packet& packet) {
  if (!packet.is_v4()) throw std::logic_error("the IPv6 header has no such field");
  return packet.from(Layer::network);
}

MutableBytes echo_header(Packet& packet) {
  const auto header = packet.from(Layer::transport);
  const bool echo = packet.protocol() == protocol_icmp ? header[0] == 8 || header[0] == 0
                                                       : packet.protocol() == protocol_icmpv6 && header[0] / 2 == 64;
  if (!echo) throw std::logic_error("only an ICMP echo has identifier and sequence number");
  return header;
}

std::size_t checksum_place(const Packet& packet) {
  if (packet.protocol() == protocol_tcp) return tcp_checksum;
  return packet.protocol() == protocol_udp ? udp_checksum : icmp_checksum;
}

}  // namespace

void set_link(Packet& packet, const Mac& source, const Mac& destination) {
  const auto frame = packet.from(Layer::ethernet);
  std::ranges::copy(destination.bytes(), frame.begin());
  std::ranges::copy(source.bytes(), frame.begin() + Mac::size);
}

void set_ttl(Packet& packet, std::uint8_t ttl) {
  const auto header = packet.from(Layer::network);
  if (packet.is_v4()) {
    // The checksum adds words of two bytes: TTL and protocol make one.
    set_word(header, v4_ttl, static_cast<std::uint16_t>(ttl << 8 | header[v4_ttl + 1]), v4_checksum);
  } else {
    header[v6_hop_limit] = ttl;
  }
}

void set_ip_id(Packet& packet, std::uint16_t id) { set_word(v4_header(packet), v4_id, id, v4_checksum); }

void set_dont_fragment(Packet& packet, bool on) {
  const auto header = v4_header(packet);
  const auto field = load_be16(&header[v4_fragment]);
  const auto without = static_cast<std::uint16_t>(field & ~dont_fragment_bit);
  set_word(header, v4_fragment, static_cast<std::uint16_t>(on ? without | dont_fragment_bit : without), v4_checksum);
}

void set_identifier(Packet& packet, std::uint16_t identifier) {
  set_word(echo_header(packet), icmp_identifier, identifier, icmp_checksum);
}

void set_sequence(Packet& packet, std::uint16_t sequence) {
  set_word(echo_header(packet), icmp_sequence, sequence, icmp_checksum);
}

void set_stated_length(Packet& packet, std::uint16_t length) {
  const auto header = packet.from(Layer::network);
  if (packet.is_v4()) {
    set_word(header, v4_total_length, length, v4_checksum);
  } else {
    store_be16(&header[v6_payload_length], length);
  }
}

void set_udp_length(Packet& packet, std::uint16_t length) {
  if (packet.protocol() != protocol_udp) throw std::logic_error("only UDP has a length of its own");
  const auto header = packet.from(Layer::transport);
  // The length stands in the header and once more in the pseudo header.
  const auto before = load_be16(&header[udp_length]);
  const auto once = updated_checksum(load_be16(&header[udp_checksum]), before, length);
  const auto twice = updated_checksum(once, before, length);
  store_be16(&header[udp_checksum], twice == 0 ? 0xFFFF : twice);
  store_be16(&header[udp_length], length);
}

void break_checksum(Packet& packet) {
  auto* const checksum = packet.from(Layer::transport).data() + checksum_place(packet);
  const auto inverted = static_cast<std::uint16_t>(~load_be16(checksum));
  // Inverting 0xFFFF gives 0, its equal in ones' complement, and no checksum at all in UDP.
  store_be16(checksum, inverted == 0 || inverted == 0xFFFF ? 0x1234 : inverted);
}

void break_header_checksum(Packet& packet) {
  auto* const checksum = v4_header(packet).data() + v4_checksum;
  const auto inverted = static_cast<std::uint16_t>(~load_be16(checksum));
  store_be16(checksum, inverted == 0 || inverted == 0xFFFF ? 0x1234 : inverted);
}

}  // namespace wirelab::raw
