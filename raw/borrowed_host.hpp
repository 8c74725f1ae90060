// BorrowedHost: packets made by hand from a host's own IPv4 address, beside its kernel. Public.
//
// What comes is seen here and by the kernel, who knows of no such connection: it answers TCP with a reset of its own
// unless a rule on output drops it. To avoid that is what PhantomHost is for; to show it, this.
#pragma once

#include <string>

#include "raw/packet_socket.hpp"
#include "raw/place.hpp"
#include "raw/raw_socket.hpp"
#include "raw/station.hpp"
#include "raw/watch.hpp"

namespace wirelab::raw {

class BorrowedHost : public Station {
 public:
  // `interface` is where what comes to `address` arrives, of the place. Throws Denied, BadInput or std::system_error.
  BorrowedHost(const Place& place, const std::string& interface, Ipv4 address);

  [[nodiscard]] std::uint32_t mtu() const override { return frames_.interface().mtu; }
  // The kernel finds the next hop.
  void send(Packet packet) override { packets_.send(packet); }

 private:
  void read();

  RawIpSocket packets_;
  PacketSocket frames_;
  Watch watch_;
};

}  // namespace wirelab::raw
