#include "raw/next_hop.hpp"

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "raw/neighbour.hpp"
#include "raw/route.hpp"

namespace wirelab::raw {
namespace {

struct Found {
  Route route;
  Interface interface;
};

Found find_route(const Place& place, const IpAddress& target, const std::string& interface) {
  return place.open([&] {
    const auto route = route_to(target, interface.empty() ? 0 : interface_named(interface).index);
    return Found{route, interface_named(interface_name(route.interface))};
  });
}

NextHop make_hop(const Found& found, const IpAddress& target, const NextHopOptions& options) {
  if (found.route.loopback)
    throw BadInput(
        fmt::format("{} is this host itself: frames made by hand do not reach it\ntry it from another host", target));
  return {.interface = found.interface,
          .self = options.self.value_or(Identity{found.route.source, found.interface.mac}),
          .address = found.route.next_hop,
          .mac = std::nullopt};
}

}  // namespace

Headers NextHop::headers(const IpAddress& target) const {
  if (!mac) throw_errno(fmt::format("ask for the MAC address of {} on {}", address, interface.name), EHOSTUNREACH);
  return {.source = self.address, .destination = target, .ethernet_source = self.mac, .ethernet_destination = *mac};
}

NextHop route_of(const Place& place, const IpAddress& target, const NextHopOptions& options) {
  return make_hop(find_route(place, target, options.interface), target, options);
}

NextHop find_next_hop(const Place& place, const IpAddress& target, const NextHopOptions& options) {
  const auto found = find_route(place, target, options.interface);
  auto hop = make_hop(found, target, options);
  NeighbourAsker asker(place, hop.interface.name);
  if (const auto answer = asker.ask(found.route.source, hop.address, options.limit)) hop.mac = answer->mac;
  return hop;
}

}  // namespace wirelab::raw
