// GoBetween: passes on, by hand, what two neighbours send each other by way of the wrong MAC. Public.
//
//   A ── frames to our MAC ──▶ GoBetween ── the same packets to S's MAC ──▶ S, and back
//
// It changes the MACs alone, as a switch would not and a router would; the packets stay as they are, TTL included. The
// host that it lives on must not forward (net.ipv4.ip_forward): its kernel throws away what is passed on here.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "raw/next_hop.hpp"
#include "raw/packet_socket.hpp"
#include "raw/place.hpp"
#include "raw/watch.hpp"

namespace wirelab::raw {

class GoBetween {
 public:
  // Between these two, over IPv4, on an interface of the place. Throws as PacketSocket does.
  GoBetween(const Place& place, const std::string& interface, Identity one, Identity other);

  // Packets passed on, either way.
  [[nodiscard]] std::uint64_t passed_on() const { return passed_on_; }
  // Sees each IPv4 packet before it is passed on.
  std::function<void(ByteView packet)> on_packet;

 private:
  void read();
  [[nodiscard]] const Identity* receiver_of(ByteView frame) const;

  Identity one_, other_;
  PacketSocket socket_;
  std::uint64_t passed_on_ = 0;
  Watch watch_;
};

}  // namespace wirelab::raw
