// Cabling: lays the cables and bridges of a lab between its namespaces. Of lab/net.
#pragma once

#include <string>
#include <vector>

#include "lab/net/links.hpp"
#include "lab/net/relay.hpp"
#include "lab/net/settle.hpp"
#include "lab/net/site.hpp"
#include "lab/net/topology.hpp"

namespace wirelab {

// What lies in the fabric.
struct FabricEnd {
  std::string name;
  unsigned index = 0;
};

class Cabling {
 public:
  // All must outlive this; the sites are by node.
  Cabling(const Topology& topology, Site& fabric, std::vector<Site>& sites);

  // Of every segment; all ends are down. Throws Missing if the kernel has no such devices.
  void lay();

  [[nodiscard]] const std::vector<FabricEnd>& fabric_ends() const { return fabric_ends_; }
  // The ends of the cables that are complete when this node is up, as the last of theirs.
  [[nodiscard]] const std::vector<LinkEnd>& completed_by(std::size_t node) const { return completed_by_[node]; }
  // What the relay carries.
  [[nodiscard]] const std::vector<CutCable>& cut_cables() const { return cut_cables_; }

 private:
  void lay(const Topology::Segment& segment);
  void lay_link(const Topology::Segment& segment);
  void lay_cut_link(const Topology::Segment& segment);
  void lay_lan(const Topology::Segment& segment);
  void plug(Topology::InterfaceId member, const Topology::Segment& segment, unsigned bridge, bool cut);
  CutEnd cut(Topology::InterfaceId member, const Topology::Segment& segment);
  CableEnd end_of(Topology::InterfaceId id, const Topology::Segment& segment);
  CableEnd fabric_end(std::string_view kind, unsigned index, const Topology::Segment& segment);
  void complete(Topology::NodeId node, Netlink& netlink, unsigned index, LinkEnd::Role role);
  [[nodiscard]] const Topology::Interface& interface_of(Topology::InterfaceId id) const;
  [[nodiscard]] const std::string& name_of(Topology::NodeId id) const { return topology_.node(id).name; }

  const Topology& topology_;
  Site& fabric_;
  std::vector<Site>& sites_;
  std::vector<FabricEnd> fabric_ends_;
  std::vector<std::vector<LinkEnd>> completed_by_;  // by node
  std::vector<CutCable> cut_cables_;
  unsigned next_index_ = 2;                       // unique in the whole lab; 1 is every namespace's loopback
  unsigned next_cut_index_ = Relay::first_index;  // of the ends that the relay listens to
};

}  // namespace wirelab
