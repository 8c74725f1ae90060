// Settled: the state in which the first packet of a lab is not lost. Of lab/net.
#pragma once

#include <vector>

#include "lab/net/site.hpp"

namespace wirelab {

// Waits until every interface of every host is operational, every port of the fabric forwards, and with IPv6 every
// address may be used. Throws std::system_error (ETIMEDOUT) after five seconds.
void settle(Site& fabric, std::vector<Site>& hosts, bool ipv6);

}  // namespace wirelab
