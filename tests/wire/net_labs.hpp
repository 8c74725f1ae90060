// Labs that several wire tests of the network use, and what they read of a host.
#pragma once

#include <array>
#include <fstream>
#include <functional>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "lab/net/network.hpp"

namespace wirelab {

inline std::string content_of(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct Counters {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  friend bool operator==(const Counters&, const Counters&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Counters& counters) {
    return out << counters.received << " received, " << counters.sent << " sent";
  }
};

// Frames at an interface since it was made.
inline Counters counters_of(const Host& host, const std::string& interface = "eth0") {
  std::istringstream lines(host.in([] { return content_of("/proc/self/net/dev"); }));
  for (std::string word; lines >> word;) {
    if (word != interface + ":") continue;
    std::array<std::uint64_t, 10> values{};
    for (auto& value : values) lines >> value;
    return {values[1], values[9]};
  }
  throw std::logic_error("no interface " + interface);
}

inline Topology pair() {
  Topology net;
  const auto lan = net.lan("lan", {"10.0.0.0/24"});
  net.host("A", lan);
  net.host("B", lan);
  return net;
}

struct Shape {
  const char* name;
  std::function<Topology()> make;
};

inline std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.name; }

inline const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all{
      {"a LAN",
       [] {
         Topology net;
         const auto lan = net.lan("lan", {"10.0.0.0/24", "fd00::/64"});
         net.host("A", lan);
         net.host("S", lan);
         return net;
       }},
      {"a link with the smallest prefixes",
       [] {
         Topology net;
         const auto link = net.link("link", {"10.0.0.0/31", "fd00::/127"});
         net.host("A", link);
         net.host("S", link);
         return net;
       }},
      {"three routers, LANs and links",
       [] {
         Topology net;
         const auto left = net.lan("left", {"10.0.1.0/24", "fd00:1::/64"});
         const auto one = net.link("one", {"10.0.2.0/30", "fd00:2::/64"});
         const auto two = net.lan("two", {"10.0.3.0/24", "fd00:3::/64"}, {.mtu = 1400});
         const auto right = net.link("right", {"10.0.4.0/24", "fd00:4::/64"});
         net.host("A", left);
         net.router("R1", {left, one});
         net.router("R2", {one, two});
         net.router("R3", {two, right});
         net.host("S", right);
         return net;
       }},
  };
  return all;
}

}  // namespace wirelab
