// PhantomHost: a host that is nothing but packets made by hand: a MAC and an IPv4 address that no kernel owns. Public.
//
//   A's kernel  10.0.1.1, 02:77:..:01 ---+
//                                        +--- A's eth0 ------ LAN
//   phantom     10.0.1.9, 02:66:..:09 ---+
//
// It lives on an interface of a real host, in promiscuous mode, and is disturbed by nobody: to that host's kernel its
// frames are another machine's, so that no reset answers what a forged connection is sent. It answers ARP for itself,
// asks for its next hop by ARP (the route is the host's; what it learns it keeps), and answers echo requests if it is
// told to.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "raw/arp.hpp"
#include "raw/packet_socket.hpp"
#include "raw/place.hpp"
#include "raw/station.hpp"
#include "raw/watch.hpp"

namespace wirelab::raw {

class PhantomHost : public Station {
 public:
  struct Options {
    std::string interface;  // of the place
    Mac mac;                // no group, and no one else's
    Ipv4 address;           // no one else's; of the interface's network
    bool answers_echo = true;
    Duration neighbour_limit = std::chrono::seconds(1);  // for a next hop to answer
  };
  struct Stats {
    std::uint64_t arp_answered = 0, echo_answered = 0;
    std::uint64_t unreachable = 0;  // packets thrown away because their next hop did not answer
  };

  // Throws Denied, BadInput (interface, or a group MAC) or std::system_error.
  PhantomHost(const Place& place, const Options& options);
  ~PhantomHost() override;

  [[nodiscard]] const Mac& mac() const { return options_.mac; }
  [[nodiscard]] std::uint32_t mtu() const override { return socket_.interface().mtu; }
  void send(Packet packet) override;
  [[nodiscard]] const Stats& stats() const { return stats_; }

 private:
  struct NextHop {
    std::optional<Mac> mac;
    std::deque<Packet> waiting;  // for the MAC
    int questions = 0;
    Selector::TimerId timer{};
  };

  void read();
  void on_arp(const Arp& arp);
  void on_packet(ByteView frame);
  bool answer_echo(ByteView frame);
  Ipv4 next_hop_to(Ipv4 destination);
  void ask(Ipv4 address);
  void put_on_wire(Packet& packet, const Mac& to);

  Place place_;
  Options options_;
  PacketSocket socket_;
  Stats stats_;
  std::unordered_map<Ipv4, Ipv4> routes_;  // destination: next hop
  std::unordered_map<Ipv4, NextHop> next_hops_;
  Watch watch_;
};

}  // namespace wirelab::raw
