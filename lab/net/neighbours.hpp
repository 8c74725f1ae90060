// neighbours: what a host's kernel believes about who is where on its links, its ARP cache (RFC 826) and its IPv6
// neighbour cache (RFC 4861). Public.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/base/address.hpp"
#include "lab/net/network.hpp"

namespace wirelab {

// The states of RFC 4861, 7.3.2, which Linux uses for both IP versions, and its own.
enum class NeighbourState {
  incomplete,  // asked for, not answered yet
  reachable,   // confirmed a short time ago
  stale,       // known; to be confirmed when it is used
  delay,       // used, and soon to be confirmed
  probe,       // being confirmed
  failed,      // nobody answered
  permanent,   // set by hand: never asked for, never overwritten by what a packet says
  none,        // needs no resolution
};
// "reachable", as `ip neighbour` spells them.
std::string_view to_string(NeighbourState state);

struct NeighbourEntry {
  IpAddress address;
  std::optional<Mac> mac;  // of a resolved one
  NeighbourState state{};
  std::string interface;
  // "10.0.0.2 is at 02:77:00:00:00:02 (reachable)"
  [[nodiscard]] std::string to_string() const;
};

// In order of address; multicast and broadcast, which need no resolution, are left out. Throws std::system_error.
std::vector<NeighbourEntry> neighbour_table(const Host& host);
// The entry of that address, if there is one.
std::optional<NeighbourEntry> neighbour_of(const Host& host, const IpAddress& address);
// Enters a permanent entry in place of what is there. Throws std::logic_error for an unknown interface and
// std::system_error with the kernel's own words.
void set_static_neighbour(const Host& host, std::string_view interface, const IpAddress& address, const Mac& mac);
// Forgets an entry, so that the next packet asks anew; does nothing without one. Throws std::system_error.
void forget_neighbour(const Host& host, const IpAddress& address);

}  // namespace wirelab
