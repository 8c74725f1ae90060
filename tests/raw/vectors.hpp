// Packets whose bytes are known, for the tests of raw/.
#pragma once

#include <string_view>

#include "lab/base/bytes.hpp"
#include "raw/packet.hpp"

namespace wirelab::raw::test {

constexpr Mac mac_a{{0x02, 0x77, 0, 0, 0, 1}};
constexpr Mac mac_b{{0x02, 0x77, 0, 0, 0, 2}};

inline Headers v4_headers() {
  return {.source = Ipv4{10, 0, 1, 1},
          .destination = Ipv4{10, 0, 2, 2},
          .ip_id = 0x1234,
          .ethernet_source = mac_a,
          .ethernet_destination = mac_b};
}

inline Headers v6_headers() {
  return {.source = *Ipv6::parse("fd00::1"),
          .destination = *Ipv6::parse("fd00::2"),
          .ethernet_source = mac_a,
          .ethernet_destination = mac_b};
}

inline std::string hex(const Packet& packet, Layer layer) { return to_hex(packet.from(layer)); }

}  // namespace wirelab::raw::test
