// lab_names: what a trace tells of a lab's hosts. Internal to capture/, pure.
#pragma once

#include <string>
#include <vector>

#include "capture/packet.hpp"
#include "lab/net/topology.hpp"

namespace wirelab::capture {

// Whose each address is.
Names names_in(const Topology& topology);
// All nodes in an order in which to draw them, so that packets run along it: from the first declared on, the hosts of
// a segment, then what lies behind its routers.
std::vector<std::string> drawing_order(const Topology& topology);

}  // namespace wirelab::capture
