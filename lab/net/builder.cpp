// Network::up: makes a topology real, each step over all of the lab before the next begins.
#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/net/links.hpp"
#include "lab/net/network.hpp"
#include "lab/net/offloads.hpp"
#include "lab/net/settle.hpp"
#include "lab/net/site.hpp"

namespace wirelab {
namespace {

class Builder {
 public:
  explicit Builder(const Topology& topology) : topology_(topology), fabric_(make_fabric_site()) {}

  void build() {
    make_sites();
    lay_cables();
    switch_all_offloads_off();
    bring_up_fabric();
    bring_up_hosts();
    if (topology_.has_ipv6()) settle_ipv6(sites_);
  }

  UniqueFd hand_over_fabric() { return std::move(fabric_.network_namespace); }
  std::vector<Host> hand_over_hosts() {
    std::vector<Host> hosts;
    hosts.reserve(sites_.size());
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      const auto& node = topology_.nodes()[i];
      hosts.emplace_back(node.name, node.forwards, std::move(sites_[i].interfaces),
                         std::move(sites_[i].network_namespace));
    }
    return hosts;
  }

 private:
  struct FabricEnd {
    std::string name;
    unsigned index;
  };

  void make_sites() {
    sites_.reserve(topology_.nodes().size());
    completed_by_.resize(topology_.nodes().size());
    for (const auto& node : topology_.nodes()) {
      sites_.push_back(make_host_site(node.forwards, topology_.has_ipv6()));
      sites_.back().interfaces.resize(node.interfaces.size());
    }
  }

  void lay_cables() {
    try {
      for (const auto& segment : topology_.segments()) lay(segment);
      fabric_.netlink.flush();
    } catch (const std::system_error& error) {
      if (error.code().value() != EOPNOTSUPP) throw;
      throw Missing("this kernel has no virtual Ethernet or no bridges\nload both: sudo modprobe -a veth bridge");
    }
  }

  void lay(const Topology::Segment& segment) {
    if (segment.kind == Topology::Kind::lan) {
      lay_lan(segment);
    } else {
      lay_link(segment);
    }
  }

  void lay_link(const Topology::Segment& segment) {
    const auto [a, b] = std::pair(segment.members[0], segment.members[1]);
    const auto first = end_of(segment, a);
    const auto second = end_of(segment, b);
    fabric_.netlink.add(make_cable(first, second, "make link " + segment.name));
    auto& ends = completed_by_[std::max(a.node.index, b.node.index)];
    ends.push_back({&sites_[a.node.index].netlink, first.index, LinkEnd::Role::interface});
    ends.push_back({&sites_[b.node.index].netlink, second.index, LinkEnd::Role::interface});
  }

  void lay_lan(const Topology::Segment& segment) {
    const auto bridge = next_index_++;
    fabric_.netlink.add(
        make_bridge(fmt::format("lan{}", bridge), bridge, segment.options.mtu, "make LAN " + segment.name));
    fabric_ends_.push_back({fmt::format("lan{}", bridge), bridge});
    for (const auto member : segment.members) {
      const auto index = next_index_++;
      CableEnd port{.name = fmt::format("port{}", index), .index = index, .mtu = segment.options.mtu, .bridge = bridge};
      const auto end = end_of(segment, member);
      fabric_.netlink.add(
          make_cable(port, end, fmt::format("plug {} into LAN {}", name_of(member.node), segment.name)));
      fabric_ends_.push_back({port.name, index});
      auto& ends = completed_by_[member.node.index];
      ends.push_back({&fabric_.netlink, index, LinkEnd::Role::port});
      ends.push_back({&sites_[member.node.index].netlink, end.index, LinkEnd::Role::interface});
    }
  }

  // Notes the interface that this end becomes.
  CableEnd end_of(const Topology::Segment& segment, Topology::InterfaceId id) {
    const auto& planned = topology_.node(id.node).interfaces[id.index];
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

  // While the links are down: it is quicker, and no packet is sent in between.
  void switch_all_offloads_off() {
    for (const auto& end : fabric_ends_) switch_offloads_off(fabric_.netlink.fd(), end.name);
    for (const auto& site : sites_) {
      for (const auto& interface : site.interfaces) switch_offloads_off(site.netlink.fd(), interface.name);
    }
  }

  void bring_up_fabric() {
    for (const auto& end : fabric_ends_) {
      fabric_.netlink.add(raise_link(end.index, "bring up " + end.name));
    }
    fabric_.netlink.flush();
  }

  // In groups: the kernel handles at most a hundred changes of carrier at once and leaves the rest for a second later.
  void bring_up_hosts() {
    constexpr std::size_t group = 50;
    std::vector<LinkEnd> risen;
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      bring_up({i});
      risen.insert(risen.end(), completed_by_[i].begin(), completed_by_[i].end());
      if (risen.size() < group && i + 1 < sites_.size()) continue;
      settle_links(risen);
      risen.clear();
    }
  }

  void bring_up(Topology::NodeId id) {
    auto& netlink = sites_[id.index].netlink;
    for (const auto& interface : sites_[id.index].interfaces) {
      const auto place = fmt::format("{}'s {}", name_of(id), interface.name);
      netlink.add(set_ipv4(interface.index, topology_.node(id).forwards, "set the IPv4 switches of " + place));
      netlink.add(raise_link(interface.index, "bring up " + place));
      for (const auto& [address, prefix] : interface.addresses) {
        netlink.add(add_address(interface.index, address, prefix.length(), fmt::format("give {} {}", place, address)));
      }
    }
    for (const auto& [destination, gateway] : topology_.routes_of(id)) {
      netlink.add(add_route(interface_towards(sites_[id.index], gateway), destination, gateway,
                            fmt::format("route {} via {} in {}", destination, gateway, name_of(id))));
    }
    netlink.flush();
  }

  static unsigned interface_towards(const Site& site, const IpAddress& neighbour) {
    for (const auto& interface : site.interfaces) {
      for (const auto& [address, prefix] : interface.addresses) {
        if (prefix.contains(neighbour)) return interface.index;
      }
    }
    throw std::logic_error(fmt::format("no interface leads to {}", neighbour));
  }

  [[nodiscard]] const std::string& name_of(Topology::NodeId id) const { return topology_.node(id).name; }

  const Topology& topology_;
  Site fabric_;
  std::vector<Site> sites_;  // by node
  std::vector<FabricEnd> fabric_ends_;
  // By node: the ends of the cables that are complete when this node is up.
  std::vector<std::vector<LinkEnd>> completed_by_;
  unsigned next_index_ = 2;  // unique in the whole lab; 1 is every namespace's loopback
};

}  // namespace

Network Network::up(const Topology& topology) {
  topology.check();
  Builder builder(topology);
  builder.build();
  return {builder.hand_over_fabric(), builder.hand_over_hosts()};
}

}  // namespace wirelab
