#include "raw/port_probes.hpp"

#include "lab/base/checksum.hpp"
#include "raw/icmp_reply.hpp"
#include "raw/patch.hpp"
#include "raw/tcp_segment.hpp"
#include "raw/udp.hpp"

namespace wirelab::raw {
namespace {

constexpr std::uint16_t linux_window = 64240;
constexpr std::uint16_t ethernet_mss = 1460;
constexpr std::uint8_t rst = 4;

Packet make_probe(ScanKind kind, const Headers& headers, Port source, std::uint32_t sequence,
                  std::uint32_t acknowledgement) {
  if (kind == ScanKind::udp) return udp_datagram(headers, source, Port{}, as_bytes("wirelab"));
  TcpSegment segment{.source = source, .sequence = {sequence}, .flags = TcpFlags::from_bits(flags_of(kind))};
  segment.window = linux_window;
  if (segment.flags.syn) segment.options.mss = ethernet_mss;
  if (segment.flags.ack) segment.acknowledgement = {acknowledgement};
  return tcp_packet(headers, segment);
}

Packet make_reset(const Headers& headers, Port source, std::uint32_t sequence) {
  return tcp_packet(headers, {.source = source, .sequence = {sequence}, .flags = TcpFlags::from_bits(rst)});
}

// Whether a segment says what one of RFC 9293, 3.10.7 says to a probe with these numbers.
bool fits(ScanKind kind, const TcpSegment& segment, std::uint32_t sequence, std::uint32_t acknowledgement) {
  if (kind == ScanKind::ack) return segment.flags.rst && segment.sequence.number == acknowledgement;
  const std::uint32_t length = kind == ScanKind::null ? 0 : 1;
  return segment.flags.ack && segment.acknowledgement.number == sequence + length;
}

}  // namespace

PortProbes::PortProbes(ScanKind kind, const Headers& headers, Port source, std::span<const Port> ports,
                       std::mt19937_64& random)
    : kind_(kind),
      self_(headers.source),
      target_(headers.destination),
      source_(source),
      sequence_(static_cast<std::uint32_t>(random())),
      acknowledgement_(static_cast<std::uint32_t>(random())),
      ip_id_(static_cast<std::uint16_t>(random())),
      probe_(make_probe(kind, headers, source, sequence_, acknowledgement_)),
      reset_(make_reset(headers, source, sequence_ + 1)),
      index_of_(65536, -1) {
  for (const auto port : ports) {
    auto& index = index_of_[number(port)];
    if (index >= 0) continue;
    index = static_cast<std::int32_t>(ports_.size());
    ports_.push_back(port);
  }
  answers_.resize(ports_.size());
}

ByteView PortProbes::frame(std::size_t index) {
  probe_.set_destination_port(ports_[index]);
  if (self_.is_v4()) {
    ip_id_ = next_ip_id(ip_id_);
    probe_.set_ip_id(ip_id_);
  }
  return probe_.frame();
}

bool PortProbes::is_from_target(const IpAddress& from, const IpAddress& to) const {
  return from == target_ && to == self_;
}

std::optional<std::size_t> PortProbes::keep(Port port, const PortAnswer& answer) {
  const auto index = index_of_[number(port)];
  if (index < 0) return std::nullopt;
  const auto place = static_cast<std::size_t>(index);
  if (!answers_[place]) answers_[place] = answer;
  return place;
}

std::optional<std::size_t> PortProbes::read_tcp(ByteView packet, Stamp when) {
  const auto parsed = parse_tcp(packet);
  const auto* const arrival = std::get_if<TcpArrival>(&parsed);
  if (arrival == nullptr || kind_ == ScanKind::udp || !is_from_target(arrival->from, arrival->to)) return std::nullopt;
  const auto& segment = arrival->segment;
  const bool syn_ack = kind_ == ScanKind::syn && segment.flags.syn && segment.flags.ack && !segment.flags.rst;
  if (segment.destination != source_ || (!syn_ack && !segment.flags.rst)) return std::nullopt;
  if (!fits(kind_, segment, sequence_, acknowledgement_)) return std::nullopt;
  if (syn_ack && on_half_open) {
    reset_.set_destination_port(segment.source);
    on_half_open(reset_.frame());
  }
  return keep(segment.source, {.kind = syn_ack ? PortAnswerKind::syn_ack : PortAnswerKind::reset,
                               .from = arrival->from,
                               .ttl = arrival->ttl,
                               .received = when});
}

std::optional<std::size_t> PortProbes::read_udp(ByteView packet, Stamp when) {
  const auto read = read_whole_ip_header(packet);
  const auto* const header = std::get_if<IpHeader>(&read);
  if (header == nullptr || kind_ != ScanKind::udp || !is_from_target(header->source, header->destination))
    return std::nullopt;
  const auto datagram = transport_of(packet, *header);
  if (datagram.size() < udp_header_size || load_be16(&datagram[2]) != number(source_)) return std::nullopt;
  const bool checked = load_be16(&datagram[6]) != 0;
  if (checked && transport_checksum(header->source, header->destination, protocol_udp, datagram) != 0)
    return std::nullopt;
  return keep(Port{load_be16(datagram.data())},
              {.kind = PortAnswerKind::datagram, .from = header->source, .ttl = header->ttl, .received = when});
}

std::optional<std::size_t> PortProbes::read_icmp(ByteView packet, Stamp when) {
  const auto parsed = parse_icmp(packet);
  const auto* const message = std::get_if<IcmpMessage>(&parsed);
  if (message == nullptr || !message->quoted || message->to != self_) return std::nullopt;
  const bool port = message->kind == ReplyKind::port_unreachable;
  if (!port && message->kind != ReplyKind::unreachable) return std::nullopt;
  const auto& quoted = *message->quoted;
  const auto protocol = kind_ == ScanKind::udp ? protocol_udp : protocol_tcp;
  if (quoted.source != self_ || quoted.destination != target_ || quoted.protocol != protocol ||
      quoted.first != number(source_))
    return std::nullopt;
  return keep(Port{quoted.second}, {.kind = port ? PortAnswerKind::port_unreachable : PortAnswerKind::unreachable,
                                    .from = message->from,
                                    .ttl = message->ttl,
                                    .type = message->type,
                                    .code = message->code,
                                    .received = when});
}

std::optional<std::size_t> PortProbes::answered(const FrameArrival& arrival) {
  const std::size_t protocol_at = ethernet_header_size + (self_.is_v4() ? 9 : 6);
  if (arrival.frame.size() <= protocol_at) return std::nullopt;
  const auto packet = arrival.frame.subspan(ethernet_header_size);
  switch (arrival.frame[protocol_at]) {
    case protocol_tcp:
      return read_tcp(packet, arrival.stamp);
    case protocol_udp:
      return read_udp(packet, arrival.stamp);
    default:
      return read_icmp(packet, arrival.stamp);
  }
}

}  // namespace wirelab::raw
