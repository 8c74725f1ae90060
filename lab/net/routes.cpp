// Topology::routes_of: which way to prefixes that are not one's own.
#include <algorithm>
#include <optional>
#include <vector>

#include "lab/net/topology.hpp"

namespace wirelab {
namespace {

using NodeId = Topology::NodeId;
using Route = Topology::Route;

// Puts `index` into the set; false if it was there already.
bool enter(std::vector<bool>& set, std::size_t index) {
  const bool fresh = !set[index];
  set[index] = true;
  return fresh;
}

// The topology as seen by one IP version: a segment without a prefix of it does not exist.
class Map {
 public:
  Map(const Topology& topology, bool v4) : topology_(topology), v4_(v4) {}

  [[nodiscard]] const Prefix* prefix_of(const Topology::Segment& segment) const {
    for (const auto& prefix : segment.prefixes) {
      if (prefix.address().is_v4() == v4_) return &prefix;
    }
    return nullptr;
  }

  [[nodiscard]] IpAddress address_of(Topology::InterfaceId id) const {
    const auto& addresses = topology_.nodes()[id.node.index].interfaces[id.index].addresses;
    return *std::find_if(addresses.begin(), addresses.end(),
                         [this](const IpAddress& address) { return address.is_v4() == v4_; });
  }

  [[nodiscard]] std::vector<Route> default_route(const Topology::Node& host) const {
    for (const auto& interface : host.interfaces) {
      const auto& segment = topology_.segment(interface.segment);
      if (prefix_of(segment) == nullptr) continue;
      for (const auto member : segment.members) {
        if (topology_.node(member.node).forwards) return {{everything(), address_of(member)}};
      }
    }
    return {};
  }

  // Breadth first from `start` over routers; the first step of the first way found is the gateway.
  [[nodiscard]] std::vector<Route> shortest_routes(NodeId start) const {
    std::vector<Route> routes;
    std::vector<bool> reached(topology_.segments().size());
    std::vector<bool> visited(topology_.nodes().size());
    struct Stop {
      NodeId router;
      std::optional<IpAddress> gateway;  // none at the start itself
    };
    std::vector<Stop> stops{{start, {}}};
    enter(visited, start.index);
    for (std::size_t next = 0; next < stops.size(); ++next) {
      const auto stop = stops[next];
      for (const auto& interface : topology_.node(stop.router).interfaces) {
        const auto& segment = topology_.segment(interface.segment);
        const auto* prefix = prefix_of(segment);
        if (prefix == nullptr || !enter(reached, interface.segment.index)) continue;
        if (stop.gateway) routes.push_back({*prefix, *stop.gateway});
        for (const auto member : segment.members) {
          if (!topology_.node(member.node).forwards || !enter(visited, member.node.index)) continue;
          stops.push_back({member.node, stop.gateway ? stop.gateway : address_of(member)});
        }
      }
    }
    return routes;
  }

 private:
  [[nodiscard]] Prefix everything() const { return v4_ ? Prefix(Ipv4{}, 0) : Prefix(Ipv6{}, 0); }

  const Topology& topology_;
  bool v4_;
};

}  // namespace

std::vector<Route> Topology::routes_of(NodeId id) const {
  std::vector<Route> routes;
  for (const bool v4 : {true, false}) {
    const Map map(*this, v4);
    const auto found = node(id).forwards ? map.shortest_routes(id) : map.default_route(node(id));
    routes.insert(routes.end(), found.begin(), found.end());
  }
  return routes;
}

}  // namespace wirelab
