#include "lab/net/cabling.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "lab/base/error.hpp"

namespace wirelab {

using Role = LinkEnd::Role;

Cabling::Cabling(const Topology& topology, Site& fabric, std::vector<Site>& sites)
    : topology_(topology), fabric_(fabric), sites_(sites), completed_by_(sites.size()) {}

void Cabling::lay() {
  try {
    for (const auto& segment : topology_.segments()) lay(segment);
    fabric_.netlink.flush();
  } catch (const std::system_error& error) {
    if (error.code().value() != EOPNOTSUPP) throw;
    throw Missing("this kernel has no virtual Ethernet or no bridges\nload both: sudo modprobe -a veth bridge");
  }
}

void Cabling::lay(const Topology::Segment& segment) {
  if (segment.kind == Topology::Kind::lan) return lay_lan(segment);
  const bool is_cut = std::any_of(segment.members.begin(), segment.members.end(),
                                  [&](const auto& member) { return !interface_of(member).impairment.is_none(); });
  if (is_cut) {
    lay_cut_link(segment);
  } else {
    lay_link(segment);
  }
}

void Cabling::lay_link(const Topology::Segment& segment) {
  const auto [a, b] = std::pair(segment.members[0], segment.members[1]);
  const auto first = end_of(a, segment);
  const auto second = end_of(b, segment);
  fabric_.netlink.add(make_cable(first, second, "make link " + segment.name));
  const Topology::NodeId last{std::max(a.node.index, b.node.index)};
  complete(last, sites_[a.node.index].netlink, first.index, Role::interface);
  complete(last, sites_[b.node.index].netlink, second.index, Role::interface);
}

void Cabling::lay_cut_link(const Topology::Segment& segment) {
  const auto near = cut(segment.members[0], segment);
  cut_cables_.push_back({near, cut(segment.members[1], segment)});
}

// Only those who impair what they send have a cable that is cut.
void Cabling::lay_lan(const Topology::Segment& segment) {
  const auto bridge = fabric_end("lan", next_index_++, segment);
  fabric_.netlink.add(make_bridge(bridge.name, bridge.index, bridge.mtu, "make LAN " + segment.name));
  for (const auto member : segment.members) {
    plug(member, segment, bridge.index, !interface_of(member).impairment.is_none());
  }
}

void Cabling::plug(Topology::InterfaceId member, const Topology::Segment& segment, unsigned bridge, bool cut_it) {
  const auto what = fmt::format("plug {} into LAN {}", name_of(member.node), segment.name);
  auto port = fabric_end("port", next_index_++, segment);
  port.bridge = bridge;
  if (cut_it) {
    const auto near = cut(member, segment);
    const auto far = fabric_end("far", next_cut_index_++, segment);
    fabric_.netlink.add(make_cable(port, far, what));
    cut_cables_.push_back({near, CutEnd{.index = far.index}});
    complete(member.node, fabric_.netlink, far.index, Role::interface);
  } else {
    const auto end = end_of(member, segment);
    fabric_.netlink.add(make_cable(port, end, what));
    complete(member.node, sites_[member.node.index].netlink, end.index, Role::interface);
  }
  complete(member.node, fabric_.netlink, port.index, Role::port);
}

// Lays a member's cable as far as the relay.
CutEnd Cabling::cut(Topology::InterfaceId member, const Topology::Segment& segment) {
  const auto near = fabric_end("near", next_cut_index_++, segment);
  const auto end = end_of(member, segment);
  const auto& name = name_of(member.node);
  fabric_.netlink.add(make_cable(near, end, fmt::format("lay {}'s cable to {}", name, segment.name)));
  complete(member.node, fabric_.netlink, near.index, Role::interface);
  complete(member.node, sites_[member.node.index].netlink, end.index, Role::interface);
  return {near.index, name, end.name, interface_of(member).impairment};
}

// Notes the interface that this end becomes.
CableEnd Cabling::end_of(Topology::InterfaceId id, const Topology::Segment& segment) {
  const auto& planned = interface_of(id);
  auto& site = sites_[id.node.index];
  auto& interface = site.interfaces[id.index];
  interface = {planned.name, next_index_++, planned.mac, segment.options.mtu, segment.name, {}};
  for (std::size_t i = 0; i < segment.prefixes.size(); ++i) {
    interface.addresses.push_back({planned.addresses[i], segment.prefixes[i]});
  }
  return {.name = interface.name,
          .index = interface.index,
          .mtu = interface.mtu,
          .mac = interface.mac,
          .namespace_fd = site.network_namespace.get()};
}

CableEnd Cabling::fabric_end(std::string_view kind, unsigned index, const Topology::Segment& segment) {
  fabric_ends_.push_back({fmt::format("{}{}", kind, index), index});
  return {.name = fabric_ends_.back().name, .index = index, .mtu = segment.options.mtu};
}

void Cabling::complete(Topology::NodeId node, Netlink& netlink, unsigned index, Role role) {
  completed_by_[node.index].push_back({&netlink, index, role});
}

const Topology::Interface& Cabling::interface_of(Topology::InterfaceId id) const {
  return topology_.node(id.node).interfaces[id.index];
}

}  // namespace wirelab
