// The netlink requests of which a lab is built. Of lab/net; nothing here speaks to the kernel.
#pragma once

#include <string>
#include <vector>

#include "lab/base/address.hpp"
#include "lab/net/netlink.hpp"

namespace wirelab {

// One end of a cable (a veth pair).
struct CableEnd {
  std::string name;
  unsigned index = 0;  // 0: the kernel chooses
  std::uint32_t mtu = 1500;
  Mac mac;                // all zero: the kernel chooses
  int namespace_fd = -1;  // -1: where the request is sent
  unsigned bridge = 0;    // the index of the bridge to plug it into; not for the second end
};

// Both ends are down; equal indexes on both ends would delay the carrier by up to a second.
Request make_cable(const CableEnd& end, const CableEnd& other, std::string what);
// A bridge that forwards at once and stays silent: no spanning tree, no multicast snooping, no filtering by iptables.
Request make_bridge(const std::string& name, unsigned index, std::uint32_t mtu, std::string what);
Request raise_link(unsigned index, std::string what);
// Sets an interface's own IPv4 switches, so that none is inherited from the machine.
Request set_ipv4(unsigned index, bool forwards, std::string what);
// Without duplicate address detection: the address may be used at once.
Request add_address(unsigned index, const IpAddress& address, unsigned prefix_length, std::string what);
Request add_route(unsigned index, const Prefix& destination, const IpAddress& gateway, std::string what);

}  // namespace wirelab
