#include "raw/trace_probes.hpp"

#include <algorithm>
#include <stdexcept>

#include "raw/icmp.hpp"
#include "raw/tcp_segment.hpp"
#include "raw/udp.hpp"

namespace wirelab::raw {
namespace {

constexpr std::uint16_t first_udp_port = 33434;
constexpr std::uint16_t web = 80;
constexpr std::uint16_t first_unowned = 61000;
constexpr std::string_view data = "wirelab traces";

std::uint16_t default_port(TraceKind kind) { return kind == TraceKind::udp ? first_udp_port : web; }

const TraceOptions& checked(const TraceOptions& options) {
  constexpr unsigned most = 65536U - first_unowned;
  if (options.max_ttl == 0 || options.probes == 0 || options.parallel == 0 || options.max_ttl * options.probes > most)
    throw std::logic_error("a trace has 1 to 255 hops, probes for each, and at most 4536 in all");
  return options;
}

// The identifier, the source port, or the first of as many as there are probes; ports that belong to no socket.
std::uint16_t pick_number(const TraceOptions& options, std::mt19937_64& random) {
  if (options.kind == TraceKind::icmp) return static_cast<std::uint16_t>(random());
  const auto needed = static_cast<unsigned>(options.max_ttl * options.probes);
  return static_cast<std::uint16_t>(first_unowned + random() % (65536U - first_unowned - needed + 1));
}

Packet make_probe(TraceKind kind, const Headers& headers, std::uint16_t own, std::uint16_t theirs,
                  std::uint32_t sequence) {
  switch (kind) {
    case TraceKind::icmp:
      return echo_request(headers, {.identifier = own, .sequence = 0, .payload = as_bytes(data)});
    case TraceKind::udp:
      return udp_datagram(headers, Port{own}, Port{theirs}, as_bytes(data));
    case TraceKind::tcp:
      break;
  }
  TcpSegment syn{.source = Port{own}, .destination = Port{theirs}, .sequence = {sequence}};
  syn.flags.syn = true;
  syn.window = 64240;
  syn.options.mss = std::uint16_t{1460};
  return tcp_packet(headers, syn);
}

}  // namespace

TraceProbes::TraceProbes(const Headers& headers, const TraceOptions& options, std::mt19937_64& random)
    : options_(checked(options)),
      self_(headers.source),
      target_(headers.destination),
      own_(pick_number(options, random)),
      theirs_(options.port ? number(*options.port) : default_port(options.kind)),
      sequence_(static_cast<std::uint32_t>(random())),
      probe_(make_probe(options.kind, headers, own_, theirs_, sequence_)),
      answers_(static_cast<std::size_t>(options.max_ttl) * options.probes) {
  if (options.kind == TraceKind::udp && theirs_ + answers_.size() > 65536)
    throw std::logic_error("the probes of a UDP trace need a port each, up to 65535");
  begin(1);
}

std::uint8_t TraceProbes::protocol() const {
  if (options_.kind == TraceKind::icmp) return self_.is_v4() ? protocol_icmp : protocol_icmpv6;
  return options_.kind == TraceKind::udp ? protocol_udp : protocol_tcp;
}

std::optional<PortRange> TraceProbes::own_ports() const {
  if (options_.kind == TraceKind::icmp) return std::nullopt;
  const std::size_t more = options_.kind == TraceKind::tcp ? answers_.size() - 1 : 0;
  return PortRange{Port{own_}, Port{static_cast<std::uint16_t>(own_ + more)}};
}

void TraceProbes::begin(std::uint8_t first_ttl) {
  first_ttl_ = first_ttl;
  last_ttl_ = static_cast<std::uint8_t>(std::min<unsigned>(options_.max_ttl, first_ttl + options_.parallel - 1U));
}

std::size_t TraceProbes::serial(std::uint8_t ttl, std::size_t probe) const {
  return (ttl - std::size_t{1}) * options_.probes + probe;
}

std::size_t TraceProbes::count() const { return (last_ttl_ - first_ttl_ + std::size_t{1}) * options_.probes; }

ByteView TraceProbes::frame(std::size_t index) {
  const auto serial_number = serial(first_ttl_, index);
  const auto word = static_cast<std::uint16_t>(serial_number);
  probe_.set_ttl(static_cast<std::uint8_t>(first_ttl_ + index / options_.probes));
  if (self_.is_v4()) probe_.set_ip_id(static_cast<std::uint16_t>(word + 1));
  switch (options_.kind) {
    case TraceKind::icmp:
      probe_.set_echo(own_, static_cast<std::uint16_t>(word + 1));
      break;
    case TraceKind::udp:
      probe_.set_destination_port(Port{static_cast<std::uint16_t>(theirs_ + word)});
      break;
    case TraceKind::tcp:
      probe_.set_source_port(Port{static_cast<std::uint16_t>(own_ + word)});
      break;
  }
  return probe_.frame();
}

std::optional<std::size_t> TraceProbes::keep(std::size_t serial, const TraceAnswer& answer) {
  const auto first = this->serial(first_ttl_, 0);
  if (serial < first || serial >= first + count()) return std::nullopt;
  if (!answers_[serial]) answers_[serial] = answer;
  return serial - first;
}

std::optional<std::size_t> TraceProbes::serial_of(const IcmpMessage& message) const {
  if (message.to != self_) return std::nullopt;
  if (message.kind == ReplyKind::echo_reply) {
    const bool mine = options_.kind == TraceKind::icmp && message.from == target_ && message.identifier == own_ &&
                      as_text(message.payload) == data;
    return mine ? std::optional<std::size_t>(message.sequence - std::size_t{1}) : std::nullopt;
  }
  const auto& quoted = message.quoted;
  if (!quoted || quoted->source != self_ || quoted->destination != target_ || quoted->protocol != protocol())
    return std::nullopt;
  const std::size_t first = quoted->first, second = quoted->second;
  if (options_.kind == TraceKind::tcp) return second == theirs_ ? std::optional(first - own_) : std::nullopt;
  if (first != own_) return std::nullopt;
  return options_.kind == TraceKind::icmp ? second - 1 : second - theirs_;
}

std::optional<std::size_t> TraceProbes::read_icmp(ByteView packet, Stamp when) {
  const auto parsed = parse_icmp(packet);
  const auto* const message = std::get_if<IcmpMessage>(&parsed);
  if (message == nullptr) return std::nullopt;
  const auto serial = serial_of(*message);
  if (!serial) return std::nullopt;
  TraceAnswer answer{.from = message->from,
                     .ttl = message->ttl,
                     .type = message->type,
                     .code = message->code,
                     .mtu = std::nullopt,
                     .received = when};
  const bool end_port = options_.kind == TraceKind::udp && message->from == target_;
  switch (message->kind) {
    case ReplyKind::time_exceeded:
      answer.kind = TraceAnswerKind::time_exceeded;
      break;
    case ReplyKind::echo_reply:
      answer.kind = TraceAnswerKind::reached;
      break;
    case ReplyKind::port_unreachable:
      answer.kind = end_port ? TraceAnswerKind::reached : TraceAnswerKind::unreachable;
      break;
    case ReplyKind::too_big:
      answer.mtu = message->mtu;
      [[fallthrough]];
    case ReplyKind::unreachable:
      answer.kind = TraceAnswerKind::unreachable;
      break;
    default:
      return std::nullopt;
  }
  return keep(*serial, answer);
}

std::optional<std::size_t> TraceProbes::read_tcp(ByteView packet, Stamp when) {
  const auto parsed = parse_tcp(packet);
  const auto* const arrival = std::get_if<TcpArrival>(&parsed);
  if (arrival == nullptr || options_.kind != TraceKind::tcp || arrival->from != target_) return std::nullopt;
  const auto& segment = arrival->segment;
  if (number(segment.source) != theirs_ || !segment.flags.ack || segment.acknowledgement.number != sequence_ + 1)
    return std::nullopt;
  return keep(number(segment.destination) - std::size_t{own_},
              {.kind = TraceAnswerKind::reached, .from = target_, .ttl = arrival->ttl, .mtu = {}, .received = when});
}

std::optional<std::size_t> TraceProbes::read_udp(ByteView packet, Stamp when) {
  const auto read = read_whole_ip_header(packet);
  const auto* const header = std::get_if<IpHeader>(&read);
  if (header == nullptr || options_.kind != TraceKind::udp || header->source != target_) return std::nullopt;
  const auto datagram = transport_of(packet, *header);
  if (datagram.size() < udp_header_size) return std::nullopt;
  return keep(load_be16(datagram.data()) - std::size_t{theirs_},
              {.kind = TraceAnswerKind::reached, .from = target_, .ttl = header->ttl, .mtu = {}, .received = when});
}

std::optional<std::size_t> TraceProbes::answered(const FrameArrival& arrival) {
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

const std::optional<TraceAnswer>& TraceProbes::answer(std::uint8_t ttl, std::size_t probe) const {
  return answers_[serial(ttl, probe)];
}

std::optional<std::uint8_t> TraceProbes::end() const {
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    if (answers_[i] && answers_[i]->kind != TraceAnswerKind::time_exceeded)
      return static_cast<std::uint8_t>(i / options_.probes + 1);
  }
  return std::nullopt;
}

bool TraceProbes::settled() const {
  const auto last = end();
  if (!last) return false;
  const auto from = answers_.begin() + static_cast<std::ptrdiff_t>(serial(first_ttl_, 0));
  const auto to = answers_.begin() + static_cast<std::ptrdiff_t>(serial(static_cast<std::uint8_t>(*last + 1), 0));
  return std::all_of(from, to, [](const auto& each) { return each.has_value(); });
}

}  // namespace wirelab::raw
