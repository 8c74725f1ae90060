// Station: an IPv4 address that packets made by hand leave from and come to. Public.
//
//   PhantomHost    an address and a MAC of its own, that no kernel owns (phantom_host.hpp)
//   BorrowedHost   a host's own address; its kernel takes part (borrowed_host.hpp)
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "lab/loop/selector.hpp"
#include "raw/packet.hpp"

namespace wirelab::raw {

class Station {
 public:
  // A packet to the station's address, from its IP header on; good during the call.
  using OnPacket = std::function<void(ByteView packet)>;

  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;
  virtual ~Station() = default;

  [[nodiscard]] Selector& loop() const { return loop_; }
  [[nodiscard]] Ipv4 address() const { return address_; }
  // Bytes of an IP packet.
  [[nodiscard]] virtual std::uint32_t mtu() const = 0;
  // Sends a packet whose source is the station's address, as soon as its next hop is known. Throws std::system_error,
  // also for a destination without a route.
  virtual void send(Packet packet) = 0;

  // While it lives, `on_packet` is called for every packet that comes. It must go before the station, and may go during
  // a call.
  class Listener {
   public:
    Listener(Station& station, OnPacket on_packet);
    ~Listener() { station_.listeners_.erase(id_); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

   private:
    Station& station_;
    std::uint64_t id_;
  };

 protected:
  Station(Selector& loop, Ipv4 address) : loop_(loop), address_(address) {}
  void deliver(ByteView packet);

 private:
  Selector& loop_;
  Ipv4 address_;
  std::map<std::uint64_t, OnPacket> listeners_;
  std::uint64_t last_id_ = 0;
};

}  // namespace wirelab::raw
