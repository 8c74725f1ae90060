// Which way a packet made by hand has to go: asked of the kernel, since it is the one who keeps the routes. Public.
#pragma once

#include <optional>
#include <string>

#include "lab/base/address.hpp"

namespace wirelab::raw {

struct Route {
  IpAddress source;    // that the kernel would use
  IpAddress next_hop;  // the target itself where it is a neighbour
  unsigned interface = 0;
  bool loopback = false;  // the target is an address of this host
};

// In the namespace of the calling thread; with `interface` (an index) only by that one, 0 for any. Throws
// std::system_error that names the target if no route leads there.
Route route_to(const IpAddress& target, unsigned interface = 0);

}  // namespace wirelab::raw
