// arp_claims: who said by ARP that an address is his, and who contradicts whom. Public, pure.
//
// What tools as arpwatch do on a live network, done on a trace: two MACs for one address are a mistake, a move, or a
// fraud. A probe claims nothing (RFC 5227).
#pragma once

#include <deque>
#include <vector>

#include "capture/packet.hpp"
#include "lab/base/address.hpp"

namespace wirelab::scenarios {

struct ArpClaim {
  Ipv4 address;
  Mac mac;                                 // whose the address is said to be
  const capture::Packet* first = nullptr;  // the packet that says so first; of the given ones
  std::size_t times = 0;                   // that it was said; a packet counts once, however many taps saw it
};

// Each pair of address and MAC, in order of address, and of time within one.
std::vector<ArpClaim> arp_claims(const std::deque<capture::Packet>& packets);
// Those whose address is claimed for another MAC as well.
std::vector<ArpClaim> disputed(const std::vector<ArpClaim>& claims);

}  // namespace wirelab::scenarios
