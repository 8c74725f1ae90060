#include "raw/tcp_segment.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lab/base/checksum.hpp"
#include "raw/assemble.hpp"

namespace wirelab::raw {
namespace {

// Offsets within the header.
constexpr std::size_t sequence_at = 4, acknowledgement_at = 8, offset_at = 12, flags_at = 13, window_at = 14,
                      checksum_at = 16, urgent_at = 18;

Bytes encode(const TcpSegment& segment) {
  const auto options = write_tcp_options(segment.options);
  Bytes bytes(tcp_header_size);
  store_be16(bytes.data(), number(segment.source));
  store_be16(&bytes[2], number(segment.destination));
  store_be32(&bytes[sequence_at], segment.sequence.number);
  store_be32(&bytes[acknowledgement_at], segment.acknowledgement.number);
  bytes[offset_at] = static_cast<std::uint8_t>((tcp_header_size + options.size()) / 4 << 4);
  bytes[flags_at] = segment.flags.bits();
  store_be16(&bytes[window_at], segment.window);
  store_be16(&bytes[urgent_at], segment.urgent);
  bytes.insert(bytes.end(), options.begin(), options.end());
  bytes.insert(bytes.end(), segment.payload.begin(), segment.payload.end());
  return bytes;
}

TcpSegment read_header(ByteView bytes) {
  return {.source = Port{load_be16(bytes.data())},
          .destination = Port{load_be16(&bytes[2])},
          .sequence = {load_be32(&bytes[sequence_at])},
          .acknowledgement = {load_be32(&bytes[acknowledgement_at])},
          .flags = TcpFlags::from_bits(bytes[flags_at]),
          .window = load_be16(&bytes[window_at]),
          .urgent = load_be16(&bytes[urgent_at]),
          .options = {},
          .payload = {}};
}

// `bytes` is the segment; the offsets of what is malformed count from there.
std::variant<TcpSegment, Malformed> read_segment(ByteView bytes, const IpHeader& network) {
  if (bytes.size() < tcp_header_size) return Malformed{"a cut TCP header", bytes.size()};
  const std::size_t data_at = (bytes[offset_at] >> 4) * std::size_t{4};
  if (data_at < tcp_header_size) return Malformed{"a TCP header of less than 20 bytes", offset_at};
  if (data_at > bytes.size()) return Malformed{"a TCP header beyond the packet", offset_at};
  if (transport_checksum(network.source, network.destination, protocol_tcp, bytes) != 0)
    return Malformed{"a wrong TCP checksum", checksum_at};
  auto options = read_tcp_options(bytes.first(data_at).subspan(tcp_header_size));
  if (const auto* const malformed = std::get_if<Malformed>(&options))
    return Malformed{malformed->reason, tcp_header_size + malformed->offset};
  auto segment = read_header(bytes);
  segment.options = std::move(std::get<TcpOptions>(options));
  segment.payload = copy_of(bytes.subspan(data_at));
  return segment;
}

}  // namespace

std::uint8_t TcpFlags::bits() const {
  unsigned bits = 0;
  for (const bool flag : {cwr, ece, urg, ack, psh, rst, syn, fin}) bits = bits << 1 | (flag ? 1U : 0U);
  return static_cast<std::uint8_t>(bits);
}

TcpFlags TcpFlags::from_bits(std::uint8_t bits) {
  const auto has = [bits](unsigned place) { return (bits >> place & 1U) != 0; };
  return {.fin = has(0),
          .syn = has(1),
          .rst = has(2),
          .psh = has(3),
          .ack = has(4),
          .urg = has(5),
          .ece = has(6),
          .cwr = has(7)};
}

std::uint32_t TcpSegment::length() const {
  return static_cast<std::uint32_t>(payload.size()) + (flags.syn ? 1U : 0U) + (flags.fin ? 1U : 0U);
}

std::string TcpSegment::to_string() const {
  constexpr std::array names{"FIN ", "SYN ", "RST ", "PSH ", "ACK ", "URG ", "ECE ", "CWR "};
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((flags.bits() >> i & 1U) != 0) text += names.at(i);
  }
  text += fmt::format("{}:{}", sequence.number, end().number);
  if (flags.ack) text += fmt::format(" ack {}", acknowledgement.number);
  return text + fmt::format(" win {}", window);
}

Packet tcp_packet(const Headers& headers, const TcpSegment& segment) {
  auto packet = assemble(headers, encode(segment), protocol_tcp);
  const auto bytes = packet.from(Layer::transport);
  store_be16(&bytes[checksum_at], transport_checksum(headers.source, headers.destination, protocol_tcp, bytes));
  return packet;
}

ParsedTcp parse_tcp(ByteView packet) {
  const auto read = read_whole_ip_header(packet);
  if (const auto* const malformed = std::get_if<Malformed>(&read)) return *malformed;
  const auto& network = std::get<IpHeader>(read);
  if (network.protocol != protocol_tcp) return Malformed{"another protocol than TCP", network.source.is_v4() ? 9U : 6U};
  auto segment = read_segment(transport_of(packet, network), network);
  if (const auto* const malformed = std::get_if<Malformed>(&segment))
    return Malformed{malformed->reason, network.size + malformed->offset};
  return TcpArrival{network.source, network.destination, network.ttl, std::move(std::get<TcpSegment>(segment))};
}

}  // namespace wirelab::raw
