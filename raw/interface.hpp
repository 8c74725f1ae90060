// The network interfaces of the calling thread's namespace, by name. Public.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/base/address.hpp"

namespace wirelab::raw {

struct Interface {
  std::string name;
  unsigned index = 0;
  Mac mac;                // zeros on the loopback
  std::uint32_t mtu = 0;  // bytes of an IP packet
  bool ethernet = false;  // carries Ethernet frames; so does the loopback
};

// In order of their indexes. Throws std::system_error.
std::vector<std::string> interface_names();
// Throws BadInput that names those there are, if there is none of that name.
Interface interface_named(const std::string& name);
// Throws std::system_error if there is none of that index.
std::string interface_name(unsigned index);

}  // namespace wirelab::raw
