// Site: a network namespace under construction. Of lab/net.
#pragma once

#include <vector>

#include "lab/base/unique_fd.hpp"
#include "lab/net/netlink.hpp"
#include "lab/net/network.hpp"

namespace wirelab {

struct Site {
  UniqueFd network_namespace;
  Netlink netlink;                          // lives in it
  std::vector<Host::Interface> interfaces;  // of a host; none in the fabric
};

// The namespace of bridges and switch ends: no IP at all, and no filtering of what is bridged. The first lab of a
// process uses its home, since to make one more namespace takes as long as to lay two cables; the bridges stay there.
// For the others `network_namespace` is one of their own.
Site make_fabric_site();
// A namespace with loopback up whose switches are all set, so that none is the machine's: forwarding, IPv6 or none,
// no redirects, no limits on ICMP errors.
Site make_host_site(bool forwards, bool ipv6);

}  // namespace wirelab
