#include "scenarios/lans.hpp"

#include <fmt/format.h>

namespace wirelab::scenarios {

Topology::SegmentId add_lan(Topology& net, std::string_view name, unsigned number, const Settings& settings,
                            Topology::SegmentOptions options) {
  const auto v4 = fmt::format("10.0.{}.0/24", number);
  const auto v6 = fmt::format("fd00:{}::/64", number);
  return settings.ipv6 ? net.lan(name, {v4, v6}, options) : net.lan(name, {v4}, options);
}

Topology one_lan(const Settings& settings, std::initializer_list<std::string_view> hosts) {
  Topology net;
  const auto lan = add_lan(net, "lan", 1, settings);
  for (const auto host : hosts) net.host(host, lan);
  return net;
}

}  // namespace wirelab::scenarios
