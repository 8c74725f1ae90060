// NextHop: where whole frames for a target have to go, and who they say they come from. Public.
#pragma once

#include <optional>
#include <string>

#include "raw/interface.hpp"
#include "raw/packet.hpp"
#include "raw/place.hpp"

namespace wirelab::raw {

// Somebody to speak as. An address that no host owns has the advantage that no kernel answers what comes back for it;
// someone else has to answer ARP in its name then.
struct Identity {
  IpAddress address;
  Mac mac;
};

struct NextHop {
  Interface interface;
  Identity self;           // what probes come from
  IpAddress address;       // of the next hop: the target itself where it is a neighbour
  std::optional<Mac> mac;  // nothing if nobody answered for it

  // Of a frame to `target`; throws std::system_error (EHOSTUNREACH) without a MAC.
  [[nodiscard]] Headers headers(const IpAddress& target) const;
};

struct NextHopOptions {
  std::string interface;                     // empty: the one that the route names
  std::optional<Identity> self;              // empty: the host's own address and interface
  Duration limit = std::chrono::seconds(1);  // for the next hop's answer
};

// Asks the kernel for the route without asking anybody for a MAC. Throws std::system_error without a route, BadInput
// for an interface without Ethernet frames and for an address of this host, which frames made by hand do not reach.
NextHop route_of(const Place& place, const IpAddress& target, const NextHopOptions& options);
// The same, and asks the next hop for its MAC in the host's own name; turns the loop meanwhile.
NextHop find_next_hop(const Place& place, const IpAddress& target, const NextHopOptions& options);

}  // namespace wirelab::raw
