// Path: how packets made by hand leave a place for one target, and how ICMP comes back. Public.
//
// The layer decides what the kernel still does. transport: a raw ICMP socket, the kernel makes the IP header. network:
// a raw IP socket, the kernel finds the next hop. ethernet: a packet socket, and everything is done here, down to
// asking for the next hop's MAC address. ICMP is received at the layer of sending: through a raw ICMP socket, or as
// whole frames.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "raw/neighbour.hpp"
#include "raw/packet_socket.hpp"
#include "raw/raw_socket.hpp"
#include "raw/route.hpp"
#include "raw/watch.hpp"

namespace wirelab::raw {

class Path {
 public:
  struct Options {
    Layer layer = Layer::transport;
    std::string interface;                               // empty: the one that the route names
    Duration neighbour_limit = std::chrono::seconds(1);  // for the next hop's answer
  };
  // Called for every ICMP message, malformed ones too, while the loop turns. Views last as long as the call.
  using OnIcmp = std::function<void(const IcmpArrival&)>;

  // Opens what the layer needs. Throws Denied, BadInput (interface; an own address on the Ethernet layer) or
  // std::system_error (no route, ...).
  Path(const Place& place, const IpAddress& target, const Options& options, OnIcmp on_icmp);

  [[nodiscard]] Selector& loop() const { return loop_; }
  // Source and destination address; the MACs stay zeros until finish().
  [[nodiscard]] Headers headers() const;
  // On the Ethernet layer writes the MACs into `packet`; the first call asks for the next hop's and turns the loop
  // (std::system_error with EHOSTUNREACH if nobody answers). On other layers does nothing.
  void finish(Packet& packet);
  // Sends from the path's layer on; returns the time just before the kernel got it. Throws as the sockets do, and
  // std::logic_error for what the layer cannot send as it is.
  Stamp send(const Packet& packet);

 private:
  struct ByRawIcmp {
    RawIcmpSocket icmp;
  };
  struct ByRawIp {
    RawIpSocket ip;
    RawIcmpSocket icmp;
  };
  struct ByFrame {
    PacketSocket frames;
    std::optional<Mac> next_hop;
  };
  using Way = std::variant<ByRawIcmp, ByRawIp, ByFrame>;

  Way open(const Place& place, const Options& options) const;
  [[nodiscard]] int receiving_fd() const;
  std::optional<IcmpArrival> receive();
  void read();

  Selector& loop_;
  IpAddress target_;
  Duration neighbour_limit_;
  OnIcmp on_icmp_;
  Route route_;
  Way way_;
  std::optional<NeighbourAsker> asker_;  // on the Ethernet layer
  Watch watch_;
};

}  // namespace wirelab::raw
