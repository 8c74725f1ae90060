#include "raw/path.hpp"

#include <utility>

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "raw/interface.hpp"
#include "raw/patch.hpp"

namespace wirelab::raw {
namespace {

Route find_route(const Place& place, const IpAddress& target, const std::string& interface) {
  return place.open([&] { return route_to(target, interface.empty() ? 0 : interface_named(interface).index); });
}

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

Path::Path(const Place& place, const IpAddress& target, const Options& options, OnIcmp on_icmp)
    : loop_(place.loop),
      target_(target),
      neighbour_limit_(options.neighbour_limit),
      on_icmp_(std::move(on_icmp)),
      route_(find_route(place, target, options.interface)),
      way_(open(place, options)),
      watch_(place.loop, receiving_fd(), [this] { read(); }) {
  if (const auto* const way = std::get_if<ByFrame>(&way_)) asker_.emplace(place, way->frames.interface().name);
}

Path::Way Path::open(const Place& place, const Options& options) const {
  const auto version = version_of(target_);
  const auto icmp = [&] { return RawIcmpSocket(version, place.witness, options.interface); };
  switch (options.layer) {
    case Layer::transport:
      return ByRawIcmp{place.open(icmp)};
    case Layer::network:
      return ByRawIp{place.open([&] { return RawIpSocket(version, place.witness, options.interface); }),
                     place.open(icmp)};
    case Layer::ethernet:
      break;
  }
  const auto interface =
      options.interface.empty() ? place.open([&] { return interface_name(route_.interface); }) : options.interface;
  // A packet that comes in on the loopback as a frame has no route yet, and its source makes it a martian.
  if (route_.loopback)
    throw BadInput(
        fmt::format("{} is this host itself: frames made by hand do not reach it\nuse a raw socket", target_));
  return ByFrame{.frames = place.open([&] { return PacketSocket(interface, place.witness, icmp_filter()); }),
                 .next_hop = std::nullopt};
}

Headers Path::headers() const { return {.source = route_.source, .destination = target_}; }

void Path::finish(Packet& packet) {
  auto* const way = std::get_if<ByFrame>(&way_);
  if (way == nullptr) return;
  const auto& interface = way->frames.interface();
  if (!way->next_hop) {
    const auto answer = asker_->ask(route_.source, route_.next_hop, neighbour_limit_);
    if (!answer)
      throw_errno(fmt::format("ask for the MAC address of {} on {}", route_.next_hop, interface.name), EHOSTUNREACH);
    way->next_hop = answer->mac;
  }
  set_link(packet, interface.mac, *way->next_hop);
}

Stamp Path::send(const Packet& packet) {
  return std::visit(Overloaded{[&](ByRawIcmp& way) { return way.icmp.send(packet); },
                               [&](ByRawIp& way) { return way.ip.send(packet); },
                               [&](ByFrame& way) { return way.frames.send(packet.from(Layer::ethernet)); }},
                    way_);
}

int Path::receiving_fd() const {
  return std::visit(
      Overloaded{[](const ByFrame& way) { return way.frames.fd(); }, [](const auto& way) { return way.icmp.fd(); }},
      way_);
}

std::optional<IcmpArrival> Path::receive() {
  auto* const way = std::get_if<ByFrame>(&way_);
  if (way == nullptr) {
    auto* const raw = std::get_if<ByRawIcmp>(&way_);
    return raw != nullptr ? raw->icmp.receive() : std::get<ByRawIp>(way_).icmp.receive();
  }
  const auto arrival = way->frames.receive();
  if (!arrival) return std::nullopt;
  const auto packet = arrival->frame.subspan(std::min(arrival->frame.size(), ethernet_header_size));
  return IcmpArrival{parse_icmp(packet), arrival->stamp};
}

void Path::read() {
  while (const auto arrival = receive()) on_icmp_(*arrival);
}

}  // namespace wirelab::raw
