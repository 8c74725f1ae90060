// Topology: which hosts, routers and links a lab has, as a value that is checked while it is written. Public, pure.
//
//   Topology net;
//   const auto left  = net.lan("left",  {"10.0.1.0/24", "fd00:1::/64"});
//   const auto right = net.link("right", {"10.0.2.0/31"}, {.mtu = 1400});
//   net.host("A", left);
//   net.router("R", {left, right});
//   net.host("S", right);
//
// Interfaces are eth0, eth1, ... in the order in which a node joins segments. Addresses are handed out in order of
// joining from each segment's prefixes, at most one prefix of each IP version. MACs are 02:77:... by the order of
// interfaces. A host's default route leads to the first router of its first segment that has one; routers get a route
// to every prefix by the fewest hops. IPv6 is on in the whole lab if any segment has an IPv6 prefix, else off.
//
// A segment may be an emulated link: an impairment is of what a node sends into it, so each frame meets it once on its
// way through the segment, and each direction may have its own:
//
//   const auto wan = net.link("wan", {"203.0.113.0/30"}, {.impairment = {.delay = 25ms}});   // each way
//   net.impair(a, wan, {.delay = 25ms, .rate = 1'000'000});                                  // what A sends
//
// Every mistake is a TopologyError whose text names the place and the rule, and leaves the topology as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "lab/base/address.hpp"
#include "lab/net/impairment.hpp"

namespace wirelab {

class TopologyError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

class Topology {
 public:
  struct SegmentId {
    std::size_t index = 0;
    friend bool operator==(const SegmentId&, const SegmentId&) = default;
  };
  struct NodeId {
    std::size_t index = 0;
    friend bool operator==(const NodeId&, const NodeId&) = default;
  };
  struct InterfaceId {
    NodeId node;
    std::size_t index = 0;
  };
  struct SegmentOptions {
    std::uint32_t mtu = 1500;  // 576 (1280 with an IPv6 prefix) to 65535
    Impairment impairment{};   // of what each member sends
  };
  enum class Kind {
    lan,            // a bridge, any number of members
    point_to_point  // a cable between exactly two
  };
  struct Interface {
    std::string name;  // "eth0"
    SegmentId segment;
    Mac mac;
    std::vector<IpAddress> addresses;  // one a prefix of the segment, in its order
    Impairment impairment;             // of what it sends
  };
  struct Node {
    std::string name;
    bool forwards = false;  // a router
    std::vector<Interface> interfaces;
  };
  struct Segment {
    std::string name;
    Kind kind{};
    std::vector<Prefix> prefixes;
    SegmentOptions options;
    std::vector<InterfaceId> members;
  };
  struct Route {
    Prefix destination;
    IpAddress gateway;
    friend bool operator==(const Route&, const Route&) = default;
  };

  // Names: 1 to 15 letters, digits, '-' and '_', unique among nodes and among segments.
  SegmentId lan(std::string_view name, std::initializer_list<std::string_view> prefixes) {
    return lan(name, prefixes, SegmentOptions{});
  }
  SegmentId lan(std::string_view name, std::initializer_list<std::string_view> prefixes, SegmentOptions options);
  SegmentId link(std::string_view name, std::initializer_list<std::string_view> prefixes) {
    return link(name, prefixes, SegmentOptions{});
  }
  SegmentId link(std::string_view name, std::initializer_list<std::string_view> prefixes, SegmentOptions options);

  NodeId host(std::string_view name, SegmentId segment) { return host(name, std::vector{segment}); }
  NodeId host(std::string_view name, const std::vector<SegmentId>& segments);
  // One segment is enough: a router may send packets back where they came from.
  NodeId router(std::string_view name, const std::vector<SegmentId>& segments);

  // Of what that node sends into the segment, which it has joined.
  void impair(NodeId node, SegmentId segment, const Impairment& impairment);
  // Of what every member sends, and all that join later.
  void impair(SegmentId segment, const Impairment& impairment);

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<Segment>& segments() const { return segments_; }
  // Throw TopologyError for an id of another topology.
  [[nodiscard]] const Node& node(NodeId id) const;
  [[nodiscard]] const Segment& segment(SegmentId id) const;
  [[nodiscard]] std::optional<NodeId> find(std::string_view name) const;
  [[nodiscard]] std::optional<SegmentId> find_segment(std::string_view name) const;
  [[nodiscard]] bool has_ipv6() const;
  // True if a member's way into the segment is emulated.
  [[nodiscard]] bool is_impaired(SegmentId id) const;
  // What a node's routing tables need beyond its own prefixes. A default route is 0.0.0.0/0 or ::/0.
  [[nodiscard]] std::vector<Route> routes_of(NodeId id) const;

  // What can be told only of the whole: a cable has two ends, a lab has a node. Network::up calls it.
  void check() const;
  // Every segment with its members, for the reader.
  [[nodiscard]] std::string to_string() const;

 private:
  SegmentId add_segment(Kind kind, std::string_view name, std::initializer_list<std::string_view> prefixes,
                        SegmentOptions options);
  NodeId add_node(std::string_view name, bool forwards, const std::vector<SegmentId>& segments);
  void join(Node& node, SegmentId id) const;
  static void check_impairment(const Segment& segment, const Impairment& impairment);
  [[nodiscard]] Prefix checked_prefix(const Segment& segment, std::string_view text) const;

  std::vector<Node> nodes_;
  std::vector<Segment> segments_;
  std::uint32_t interfaces_ = 0;  // so far: the next MAC
};

}  // namespace wirelab
