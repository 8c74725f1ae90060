#include "lab/net/topology.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace wirelab {
namespace {

using SegmentId = Topology::SegmentId;
using NodeId = Topology::NodeId;

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
  throw TopologyError(fmt::format(format, std::forward<Args>(args)...));
}

constexpr std::string_view name_of(Topology::Kind kind) { return kind == Topology::Kind::lan ? "LAN" : "link"; }
constexpr std::string_view name_of(bool forwards) { return forwards ? "router" : "host"; }

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

void check_name(std::string_view kind, std::string_view name) {
  constexpr std::size_t longest = 15;
  if (name.empty()) refuse("a {} needs a name", kind);
  if (name.size() > longest) {
    refuse("{} \"{}\": the name has {} characters, at most {} are allowed", kind, printable(name), name.size(),
           longest);
  }
  if (!std::all_of(name.begin(), name.end(), is_name_character)) {
    refuse("{} \"{}\": a name has only letters, digits, '-' and '_'", kind, printable(name));
  }
}

// What Prefix::parse refuses, told in more detail.
[[noreturn]] void refuse_prefix(std::string_view place, std::string_view text) {
  const auto slash = std::min(text.find('/'), text.size());
  if (const auto address = IpAddress::parse(text.substr(0, slash))) {
    const std::string_view zero = address->is_v4() ? "0.0.0.0" : "::";
    if (const auto block = Prefix::parse(fmt::format("{}{}", zero, text.substr(slash)))) {
      refuse("{}: {} has host bits set; the prefix is {}", place, text, Prefix(*address, block->length()));
    }
  }
  refuse("{}: \"{}\" is no prefix such as 10.0.1.0/24 or fd00:1::/64", place, printable(text));
}

// Blocks that no interface may be numbered from (RFC 6890, RFC 4291), and why.
void check_purpose(std::string_view place, const Prefix& prefix) {
  static const std::array<std::pair<Prefix, std::string_view>, 7> reserved{{
      {*Prefix::parse("0.0.0.0/8"), "\"this network\""},
      {*Prefix::parse("127.0.0.0/8"), "loopback"},
      {*Prefix::parse("224.0.0.0/4"), "multicast"},
      {*Prefix::parse("240.0.0.0/4"), "reserved"},
      {*Prefix::parse("::/127"), "loopback"},
      {*Prefix::parse("fe80::/10"), "link-local"},
      {*Prefix::parse("ff00::/8"), "multicast"},
  }};
  for (const auto& [block, purpose] : reserved) {
    if (prefix.overlaps(block)) refuse("{}: {} overlaps {}, which is {}", place, prefix, block, purpose);
  }
}

bool same_version(const Prefix& a, const Prefix& b) { return a.address().is_v4() == b.address().is_v4(); }

Mac mac_of(std::uint32_t interface) {
  std::array<std::uint8_t, Mac::size> bytes{0x02, 0x77};
  store_be32(&bytes[2], interface);
  return Mac(bytes);
}

}  // namespace

SegmentId Topology::lan(std::string_view name, std::initializer_list<std::string_view> prefixes,
                        SegmentOptions options) {
  return add_segment(Kind::lan, name, prefixes, options);
}

SegmentId Topology::link(std::string_view name, std::initializer_list<std::string_view> prefixes,
                         SegmentOptions options) {
  return add_segment(Kind::point_to_point, name, prefixes, options);
}

SegmentId Topology::add_segment(Kind kind, std::string_view name, std::initializer_list<std::string_view> prefixes,
                                SegmentOptions options) {
  check_name(name_of(kind), name);
  if (find_segment(name)) refuse("{} \"{}\": there is already a segment of that name", name_of(kind), name);
  Segment segment{std::string(name), kind, {}, options, {}};
  if (prefixes.size() == 0) refuse("{} \"{}\" needs a prefix", name_of(kind), name);
  for (const auto text : prefixes) segment.prefixes.push_back(checked_prefix(segment, text));
  const bool v6 = std::any_of(segment.prefixes.begin(), segment.prefixes.end(),
                              [](const Prefix& prefix) { return prefix.address().is_v6(); });
  const std::uint32_t least = v6 ? 1280 : 576;
  if (options.mtu < least || options.mtu > 65535) {
    refuse("{} \"{}\": an MTU of {} is outside {} to 65535{}", name_of(kind), name, options.mtu, least,
           v6 ? " (IPv6)" : "");
  }
  check_impairment(segment, options.impairment);
  segments_.push_back(std::move(segment));
  return {segments_.size() - 1};
}

Prefix Topology::checked_prefix(const Segment& segment, std::string_view text) const {
  const auto place = fmt::format("{} \"{}\"", name_of(segment.kind), segment.name);
  const auto prefix = Prefix::parse(text);
  if (!prefix) refuse_prefix(place, text);
  check_purpose(place, *prefix);
  for (const auto& other : segment.prefixes) {
    if (same_version(other, *prefix)) {
      refuse("{}: {} and {} are of the same IP version; a segment has one prefix of each", place, other, *prefix);
    }
  }
  for (const auto& other : segments_) {
    for (const auto& taken : other.prefixes) {
      if (prefix->overlaps(taken)) {
        refuse("{}: {} overlaps {} of {} \"{}\"", place, *prefix, taken, name_of(other.kind), other.name);
      }
    }
  }
  return *prefix;
}

NodeId Topology::host(std::string_view name, const std::vector<SegmentId>& segments) {
  return add_node(name, false, segments);
}

NodeId Topology::router(std::string_view name, const std::vector<SegmentId>& segments) {
  return add_node(name, true, segments);
}

NodeId Topology::add_node(std::string_view name, bool forwards, const std::vector<SegmentId>& segments) {
  check_name(name_of(forwards), name);
  if (find(name)) refuse("{} \"{}\": there is already a node of that name", name_of(forwards), name);
  if (segments.empty()) refuse("{} \"{}\" is on no segment", name_of(forwards), name);
  Node node{std::string(name), forwards, {}};
  for (const auto id : segments) join(node, id);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    segments_[segments[i].index].members.push_back({{nodes_.size()}, i});
  }
  interfaces_ += static_cast<std::uint32_t>(segments.size());
  nodes_.push_back(std::move(node));
  return {nodes_.size() - 1};
}

// Adds the next interface to a node that is not yet in the topology; changes nothing but the node.
void Topology::join(Node& node, SegmentId id) const {
  const auto& joined = segment(id);
  const auto place = fmt::format("{} \"{}\"", name_of(node.forwards), node.name);
  for (const auto& interface : node.interfaces) {
    if (interface.segment == id) refuse("{} joins {} \"{}\" twice", place, name_of(joined.kind), joined.name);
  }
  if (joined.kind == Kind::point_to_point && joined.members.size() == 2) {
    refuse("{}: link \"{}\" already has its two ends, {} and {}", place, joined.name,
           nodes_[joined.members[0].node.index].name, nodes_[joined.members[1].node.index].name);
  }
  const auto number = joined.members.size() + 1;
  Interface interface {
    fmt::format("eth{}", node.interfaces.size()), id, {}, {}
  };
  interface.impairment = joined.options.impairment;
  interface.mac = mac_of(interfaces_ + static_cast<std::uint32_t>(node.interfaces.size()) + 1);
  for (const auto& prefix : joined.prefixes) {
    if (number > prefix.hosts()) {
      refuse("{}: {} of {} \"{}\" has only {} addresses", place, prefix, name_of(joined.kind), joined.name,
             prefix.hosts());
    }
    interface.addresses.push_back(prefix.host(number));
  }
  node.interfaces.push_back(std::move(interface));
}

const Topology::Node& Topology::node(NodeId id) const {
  if (id.index >= nodes_.size()) refuse("node {} is not of this topology, which has {}", id.index, nodes_.size());
  return nodes_[id.index];
}

const Topology::Segment& Topology::segment(SegmentId id) const {
  if (id.index >= segments_.size()) {
    refuse("segment {} is not of this topology, which has {}", id.index, segments_.size());
  }
  return segments_[id.index];
}

std::optional<NodeId> Topology::find(std::string_view name) const {
  const auto found = std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.name == name; });
  if (found == nodes_.end()) return std::nullopt;
  return NodeId{static_cast<std::size_t>(found - nodes_.begin())};
}

std::optional<SegmentId> Topology::find_segment(std::string_view name) const {
  const auto found =
      std::find_if(segments_.begin(), segments_.end(), [&](const Segment& segment) { return segment.name == name; });
  if (found == segments_.end()) return std::nullopt;
  return SegmentId{static_cast<std::size_t>(found - segments_.begin())};
}

bool Topology::has_ipv6() const {
  return std::any_of(segments_.begin(), segments_.end(), [](const Segment& segment) {
    return std::any_of(segment.prefixes.begin(), segment.prefixes.end(),
                       [](const Prefix& prefix) { return prefix.address().is_v6(); });
  });
}

void Topology::check() const {
  if (nodes_.empty()) refuse("the lab has no host");
  for (const auto& segment : segments_) {
    if (segment.kind == Kind::point_to_point && segment.members.size() != 2) {
      refuse("link \"{}\" has {} of its two ends", segment.name, segment.members.size());
    }
  }
}

}  // namespace wirelab
