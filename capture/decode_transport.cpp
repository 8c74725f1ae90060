// UDP (RFC 768) and TCP (RFC 9293), and the checksum that they share with ICMP.
#include <fmt/format.h>

#include "capture/decoder.hpp"
#include "lab/base/checksum.hpp"

namespace wirelab::capture {
namespace {

constexpr std::size_t udp_header = 8;
constexpr std::size_t tcp_header = 20;

// The sum of the pseudo header, not complemented.
std::uint16_t pseudo_header(const Ip& ip, std::size_t length) {
  ChecksumAdder adder;
  adder.add(ip.source.bytes()).add(ip.destination.bytes()).add16(ip.protocol);
  adder.add16(static_cast<std::uint16_t>(length >> 16)).add16(static_cast<std::uint16_t>(length));
  return static_cast<std::uint16_t>(~adder.finish());
}

TcpFlags flags_of(unsigned bits) {
  const auto set = [bits](unsigned bit) { return (bits >> bit & 1) != 0; };
  return {.fin = set(0),
          .syn = set(1),
          .rst = set(2),
          .psh = set(3),
          .ack = set(4),
          .urg = set(5),
          .ece = set(6),
          .cwr = set(7)};
}

// https://www.iana.org/assignments/tcp-parameters
enum TcpOption : std::uint8_t {
  end = 0,
  no_operation = 1,
  mss = 2,
  window_scale = 3,
  sack_permitted = 4,
  timestamps = 8,
};

// How many bytes of value an option must have; `otherwise` for one that is not read here.
std::size_t tcp_option_size(std::uint8_t kind, std::size_t otherwise) {
  switch (kind) {
    case mss:
      return 2;
    case window_scale:
      return 1;
    case sack_permitted:
      return 0;
    case timestamps:
      return 8;
    default:
      return otherwise;
  }
}

}  // namespace

// In ones' complement 0 and 0xFFFF are one number: a receiver takes either.
Checksum Decoder::judge(std::uint16_t stated, std::uint16_t expected) {
  return {stated % 0xFFFF == expected % 0xFFFF ? Checksum::right : Checksum::wrong, stated, expected};
}

// `place` is where in the segment the field lies; `pseudo` whether the addresses count too.
Checksum Decoder::verify(std::uint16_t stated, std::size_t place, const Reader& segment, bool pseudo) const {
  if (segment.is_cut() || out.ip->is_fragment() || (pseudo && !final_destination_)) return {.stated = stated};
  const auto bytes = segment.rest();
  const auto addresses = pseudo ? pseudo_header(*out.ip, bytes.size()) : std::uint16_t{0};
  const auto expected = ChecksumAdder{}.add16(addresses).add(bytes.first(place)).add(bytes.subspan(place + 2)).finish();
  auto checksum = judge(stated, expected);
  if (pseudo && checksum == Checksum::wrong && stated == addresses) checksum.state = Checksum::offloaded;
  return checksum;
}

void Decoder::udp(Reader in) {
  auto datagram = in;
  Udp udp;
  udp.source = Port{in.u16()};
  udp.destination = Port{in.u16()};
  udp.length = in.u16();
  const auto stated = in.u16();
  if (in.failed()) return too_short("UDP header", udp_header, datagram);
  const auto length_at = datagram.offset() + 4;
  if (udp.length < udp_header) {
    malformed(fmt::format("UDP length {} is less than its header of 8", udp.length), length_at);
  } else {
    if (!datagram.may_hold(udp.length))
      malformed(fmt::format("UDP length {} exceeds the {} bytes there", udp.length, datagram.rest().size()), length_at);
    datagram = datagram.first(udp.length);
  }
  udp.payload = datagram.rest().subspan(udp_header);
  udp.checksum = verify(stated, 6, datagram, true);
  // 0 stands for "no checksum", which RFC 8200 8.1 forbids over IPv6; a sum of 0 is sent as 0xFFFF.
  if (udp.checksum.expected == 0) udp.checksum.expected = 0xFFFF;
  if (stated == 0 && out.ip->source.is_v4()) udp.checksum.state = Checksum::absent;
  if (stated == 0 && udp.checksum == Checksum::right) udp.checksum.state = Checksum::wrong;
  out.transport = udp;
}

void Decoder::tcp(Reader in) {
  const auto segment = in;
  Tcp tcp;
  tcp.source = Port{in.u16()};
  tcp.destination = Port{in.u16()};
  tcp.sequence = in.u32();
  if (in.failed()) return too_short("TCP header", tcp_header, segment);
  tcp.acknowledgement = in.u32();
  const auto size_and_flags = in.u16();
  tcp.window = in.u16();
  const auto stated = in.u16();
  in.u16();
  tcp.cut = in.failed();
  if (tcp.cut && segment.is_cut()) out.transport = tcp;
  if (tcp.cut) return too_short("TCP header", tcp_header, segment);
  tcp.flags = flags_of(size_and_flags);
  tcp.checksum = verify(stated, 16, segment, true);
  const std::size_t header = std::size_t{4} * (size_and_flags >> 12U);
  if (header < tcp_header) {
    malformed(fmt::format("TCP header length {} is less than 20", header), segment.offset() + 12);
  } else if (!segment.may_hold(header)) {
    malformed(fmt::format("TCP header length {} exceeds the {} bytes there", header, segment.rest().size()),
              segment.offset() + 12);
  } else {
    tcp_options(tcp, in.first(header - tcp_header));
    in.take(std::min(header - tcp_header, in.rest().size()));
    tcp.payload = in.rest();
    tcp.length = static_cast<std::uint32_t>(std::max(segment.wire_size(), header) - header);
  }
  out.transport = tcp;
}

void Decoder::tcp_options(Tcp& tcp, Reader in) {
  while (!in.rest().empty()) {
    const auto at = in.offset();
    const auto kind = in.u8();
    if (kind == end) return;
    if (kind == no_operation) continue;
    const auto length = in.u8();
    if (!in.failed() && length < 2) return malformed(fmt::format("TCP option {} of length {}", kind, length), at);
    Reader value(in.take(length - std::size_t{2}));
    if (in.failed()) {
      if (!in.is_cut()) malformed(fmt::format("TCP option {} reaches beyond the header", kind), at);
      return;
    }
    const auto size = value.rest().size();
    if (size != tcp_option_size(kind, size))
      return malformed(fmt::format("TCP option {} of length {}", kind, length), at);
    if (kind == mss) tcp.mss = value.u16();
    if (kind == window_scale) tcp.window_scale = value.u8();
    if (kind == sack_permitted) tcp.sack_permitted = true;
    if (kind == timestamps) {
      const auto sent = value.u32();
      tcp.timestamps = {sent, value.u32()};
    }
  }
}

}  // namespace wirelab::capture
