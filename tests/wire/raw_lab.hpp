// The lab of the tests of raw/, and the ways of sending that they all go through:
//
//   A ---- left, 10.0.1.0/24 ---- R ---- right, 10.0.2.0/24, MTU 1400 ---- S
//          fd00:1::/64                   fd00:2::/64
#pragma once

#include <array>
#include <chrono>
#include <ostream>
#include <stdexcept>
#include <string_view>

#include <gtest/gtest.h>

#include "lab/lab.hpp"
#include "raw/pinger.hpp"

namespace wirelab::raw::test {

using namespace std::chrono_literals;

constexpr auto soon = 2s;        // for what must come
constexpr auto silence = 150ms;  // for what must not
constexpr std::uint32_t right_mtu = 1400;

inline Topology routed() {
  Topology net;
  const auto left = net.lan("left", {"10.0.1.0/24", "fd00:1::/64"});
  const auto right = net.lan("right", {"10.0.2.0/24", "fd00:2::/64"}, {.mtu = right_mtu});
  net.host("A", left);
  net.router("R", {left, right});
  net.host("S", right);
  return net;
}

// One lab for each combination of what is sent by and which IP.
struct Way {
  Layer layer;
  bool v4;
  friend std::ostream& operator<<(std::ostream& out, const Way& way) {
    constexpr std::array names{"ethernet", "network", "transport"};
    return out << names.at(static_cast<std::size_t>(way.layer)) << (way.v4 ? "_v4" : "_v6");
  }
};

class RawWire : public testing::TestWithParam<Way> {
 protected:
  [[nodiscard]] IpAddress address(std::string_view host, std::size_t interface = 0) const {
    const auto& addresses = lab.host(host).interfaces().at(interface).addresses;
    for (const auto& each : addresses) {
      if (each.address.is_v4() == GetParam().v4) return each.address;
    }
    throw std::logic_error("no such address");
  }
  Pinger pinger(Pinger::Options options = {}) {
    options.layer = GetParam().layer;
    return Pinger(at(lab, "A"), address("S"), lab.random(), options);
  }
  [[nodiscard]] IpAddress router() const { return address("R"); }

  Lab lab{routed()};
};

}  // namespace wirelab::raw::test
