// The part of Topology that makes segments emulated links.
#include <algorithm>

#include <fmt/format.h>

#include "lab/net/topology.hpp"

namespace wirelab {
namespace {

constexpr std::size_t ethernet_header = 14;

}  // namespace

void Topology::check_impairment(const Segment& segment, const Impairment& impairment) {
  const auto place = fmt::format("{} \"{}\"", segment.kind == Kind::lan ? "LAN" : "link", segment.name);
  if (const auto fault = impairment.fault()) throw TopologyError(fmt::format("{}: {}", place, *fault));
  const auto frame = segment.options.mtu + ethernet_header;
  if (impairment.rate && impairment.queue < frame) {
    throw TopologyError(
        fmt::format("{}: a queue of {} bytes has no room for a frame of {}", place, impairment.queue, frame));
  }
}

void Topology::impair(NodeId id, SegmentId segment_id, const Impairment& impairment) {
  const auto& name = node(id).name;
  const auto& joined = segment(segment_id);
  check_impairment(joined, impairment);
  auto& interfaces = nodes_[id.index].interfaces;
  const auto found = std::find_if(interfaces.begin(), interfaces.end(),
                                  [&](const Interface& interface) { return interface.segment == segment_id; });
  if (found == interfaces.end()) throw TopologyError(fmt::format("{} is not on \"{}\"", name, joined.name));
  found->impairment = impairment;
}

void Topology::impair(SegmentId id, const Impairment& impairment) {
  check_impairment(segment(id), impairment);
  segments_[id.index].options.impairment = impairment;
  for (const auto& member : segments_[id.index].members) impair(member.node, id, impairment);
}

bool Topology::is_impaired(SegmentId id) const {
  const auto& members = segment(id).members;
  return std::any_of(members.begin(), members.end(), [&](const InterfaceId& member) {
    return !nodes_[member.node.index].interfaces[member.index].impairment.is_none();
  });
}

}  // namespace wirelab
