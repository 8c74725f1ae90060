// A source port that belongs to no socket. Internal to raw/, pure.
#pragma once

#include <random>

#include "lab/base/address.hpp"

namespace wirelab::raw {

// A dynamic port above those that Linux gives away by itself (net.ipv4.ip_local_port_range, 32768 to 60999 unless it is
// changed): a socket of the reference stack may own one of them, and would be sent what answers the probe.
inline Port unowned_port(std::mt19937_64& random) {
  constexpr std::uint16_t first = 61000;
  return Port{static_cast<std::uint16_t>(first + random() % (65536 - first))};
}

}  // namespace wirelab::raw
