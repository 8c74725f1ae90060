// Settled: the state in which the first packet of a lab is not lost. Of lab/net.
#pragma once

#include <span>

#include "lab/net/site.hpp"

namespace wirelab {

// Wait until every interface of the hosts is operational, with IPv6 also until every address may be used, and until
// every port of the fabric forwards. Throw std::system_error (ETIMEDOUT) after half a minute.
void settle_hosts(std::span<Site> hosts, bool ipv6);
void settle_fabric(Site& fabric);

}  // namespace wirelab
