// Settled: the state in which the first packet of a lab is not lost. Of lab/net.
#pragma once

#include <span>

#include "lab/net/site.hpp"

namespace wirelab {

// One end of a cable whose other end is up as well.
struct LinkEnd {
  enum class Role { interface, port };  // of a host, of a bridge

  Netlink* netlink;  // in its namespace
  unsigned index;
  Role role;
};

// Wait until interfaces are operational and ports forward, and until every IPv6 address of these hosts may be used.
// Throw std::system_error (ETIMEDOUT) after half a minute.
void settle_links(std::span<const LinkEnd> ends);
void settle_ipv6(std::span<Site> hosts);

}  // namespace wirelab
