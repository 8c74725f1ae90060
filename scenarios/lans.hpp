// lans: the networks that stories are played in, which have IPv6 prefixes where the user asks for IPv6. Public, pure.
#pragma once

#include <initializer_list>
#include <string_view>

#include "lab/net/topology.hpp"
#include "scenarios/scenario.hpp"

namespace wirelab::scenarios {

// A LAN 10.0.NUMBER.0/24, and fd00:NUMBER::/64 where the story is played over IPv6. `number` is 1 to 9.
Topology::SegmentId add_lan(Topology& net, std::string_view name, unsigned number, const Settings& settings,
                            Topology::SegmentOptions options = {});
// These hosts on one such LAN, number 1.
Topology one_lan(const Settings& settings, std::initializer_list<std::string_view> hosts);

}  // namespace wirelab::scenarios
