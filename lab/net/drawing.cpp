// Topology::to_string: the lab as a reader wants to see it.
#include <algorithm>

#include <fmt/format.h>

#include "lab/net/topology.hpp"

namespace wirelab {
namespace {

std::size_t longest_name(const std::vector<Topology::Node>& nodes) {
  std::size_t longest = 0;
  for (const auto& node : nodes) longest = std::max(longest, node.name.size());
  return longest;
}

// ", each way: delay 25 ms"; empty without impairment.
std::string impairment_of_all(const Topology::Segment& segment) {
  const auto text = segment.options.impairment.to_string();
  return text.empty() ? text : ", each way: " + text;
}

// "  sends with delay 25 ms", of a member that is unlike the others.
std::string impairment_of(const Topology::Interface& interface, const Topology::Segment& segment) {
  if (interface.impairment == segment.options.impairment) return "";
  return interface.impairment.is_none() ? "  sends unimpaired" : "  sends with " + interface.impairment.to_string();
}

}  // namespace

// left: LAN 10.0.1.0/24 fd00:1::/64
// ├─ A  eth0  02:77:00:00:00:01  10.0.1.1 fd00:1::1
// └─ R  eth0  02:77:00:00:00:02  10.0.1.2 fd00:1::2  router
std::string Topology::to_string() const {
  std::string text;
  const auto out = std::back_inserter(text);
  const auto width = longest_name(nodes_);
  for (const auto& segment : segments_) {
    fmt::format_to(out, "{}: {} {}", segment.name, segment.kind == Kind::lan ? "LAN" : "link",
                   fmt::join(segment.prefixes, " "));
    if (segment.options.mtu != SegmentOptions{}.mtu) fmt::format_to(out, ", MTU {}", segment.options.mtu);
    text += impairment_of_all(segment) + '\n';
    for (const auto& member : segment.members) {
      const auto& node = nodes_[member.node.index];
      const auto& interface = node.interfaces[member.index];
      const bool last = &member == &segment.members.back();
      fmt::format_to(out, "{} {:{}}  {}  {}  {}{}{}\n", last ? "└─" : "├─", node.name, width, interface.name,
                     interface.mac, fmt::join(interface.addresses, " "), node.forwards ? "  router" : "",
                     impairment_of(interface, segment));
    }
  }
  return text;
}

}  // namespace wirelab
