#include "raw/udp_probe.hpp"

#include <stdexcept>

#include "raw/patch.hpp"
#include "raw/udp.hpp"
#include "raw/unowned_port.hpp"

namespace wirelab::raw {
namespace {

Packet make_datagram(Headers headers, const UdpProbe::Options& options, Port source, Port destination) {
  headers.ttl = options.ttl;
  return udp_datagram(headers, source, destination, as_bytes(options.data));
}

Layer checked(Layer layer) {
  if (layer == Layer::transport) throw std::logic_error("a UDP probe is made at the network or the Ethernet layer");
  return layer;
}

}  // namespace

UdpProbe::UdpProbe(const Place& place, const Endpoint& target, std::mt19937_64& random, const Options& options)
    : target_(target),
      source_(options.source ? *options.source : unowned_port(random)),
      ip_id_(static_cast<std::uint16_t>(random() >> 48)),
      path_(
          place, target.address,
          {.layer = checked(options.layer), .interface = options.interface, .neighbour_limit = options.neighbour_limit},
          [this](const IcmpArrival& arrival) { arrived(arrival); }),
      datagram_(make_datagram(path_.headers(), options, source_, target.port)) {}

void UdpProbe::send(const Alteration& alter) {
  path_.finish(datagram_);
  if (datagram_.is_v4()) {
    ip_id_ = next_ip_id(ip_id_);
    set_ip_id(datagram_, ip_id_);
  }
  auto altered = datagram_;
  if (alter) alter(altered);
  answers_.sent(number(target_.port), path_.send(altered));
}

std::optional<Reply> UdpProbe::reply_within(Duration limit) { return answers_.take_within(path_.loop(), limit); }

void UdpProbe::arrived(const IcmpArrival& arrival) {
  const auto* const message = std::get_if<IcmpMessage>(&arrival.icmp);
  if (message == nullptr) {
    ++answers_.counts().malformed;
    return;
  }
  if (!is_answer(message->kind)) return;
  const auto& quoted = message->quoted;
  if (quoted && message->to == datagram_.source() && quoted->source == datagram_.source() &&
      quoted->destination == target_.address && quoted->protocol == protocol_udp && quoted->first == number(source_)) {
    answers_.arrived(reply_from(*message, arrival.stamp), {});
  } else {
    ++answers_.counts().foreign;
  }
}

}  // namespace wirelab::raw
