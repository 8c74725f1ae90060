// Network::up: makes a topology real, each step over all of the lab before the next begins.
#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "lab/net/cabling.hpp"
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
    cabling_.emplace(topology_, fabric_, sites_);
    cabling_->lay();
    switch_all_offloads_off();
    bring_up_fabric();
    bring_up_hosts();
    if (topology_.has_ipv6()) settle_ipv6(sites_);
  }

  // What carries the frames of emulated links; none if there are no such links.
  [[nodiscard]] std::unique_ptr<Relay> make_relay(std::uint64_t seed) const {
    if (cabling_->cut_cables().empty()) return nullptr;
    std::uint32_t mtu = 0;
    for (const auto& segment : topology_.segments()) mtu = std::max(mtu, segment.options.mtu);
    const auto& fabric = fabric_.network_namespace;
    const Visit visit(fabric ? fabric.get() : home_namespace());
    return std::make_unique<Relay>(cabling_->cut_cables(), mtu, seed);
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
  void make_sites() {
    sites_.reserve(topology_.nodes().size());
    for (const auto& node : topology_.nodes()) {
      sites_.push_back(make_host_site(node.forwards, topology_.has_ipv6()));
      sites_.back().interfaces.resize(node.interfaces.size());
    }
  }

  // While the links are down: it is quicker, and no packet is sent in between.
  void switch_all_offloads_off() {
    for (const auto& end : cabling_->fabric_ends()) switch_offloads_off(fabric_.netlink.fd(), end.name);
    for (const auto& site : sites_) {
      for (const auto& interface : site.interfaces) switch_offloads_off(site.netlink.fd(), interface.name);
    }
  }

  void bring_up_fabric() {
    for (const auto& end : cabling_->fabric_ends()) {
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
      const auto& completed = cabling_->completed_by(i);
      risen.insert(risen.end(), completed.begin(), completed.end());
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
  std::optional<Cabling> cabling_;
};

}  // namespace

Network Network::up(const Topology& topology, std::uint64_t seed) {
  topology.check();
  Builder builder(topology);
  builder.build();
  auto relay = builder.make_relay(seed);
  return {builder.hand_over_fabric(), builder.hand_over_hosts(), std::move(relay)};
}

}  // namespace wirelab
