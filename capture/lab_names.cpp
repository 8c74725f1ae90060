#include "capture/lab_names.hpp"

#include <algorithm>

namespace wirelab::capture {
namespace {

void walk(const Topology& topology, std::size_t index, std::vector<bool>& seen, std::vector<std::string>& order) {
  if (seen[index]) return;
  seen[index] = true;
  const auto& node = topology.nodes()[index];
  order.push_back(node.name);
  for (const bool routers : {false, true}) {
    for (const auto& interface : node.interfaces) {
      for (const auto& member : topology.segment(interface.segment).members) {
        if (topology.node(member.node).forwards == routers) walk(topology, member.node.index, seen, order);
      }
    }
  }
}

}  // namespace

Names names_in(const Topology& topology) {
  Names names;
  for (const auto& node : topology.nodes()) {
    for (const auto& interface : node.interfaces) {
      for (const auto& address : interface.addresses) names.emplace(address, node.name);
    }
  }
  return names;
}

std::vector<std::string> drawing_order(const Topology& topology) {
  std::vector<bool> seen(topology.nodes().size());
  std::vector<std::string> order;
  for (std::size_t index = 0; index < seen.size(); ++index) walk(topology, index, seen, order);
  return order;
}

}  // namespace wirelab::capture
