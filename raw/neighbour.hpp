// NeighbourAsker: finds a neighbour's MAC address by questions made by hand, ARP for IPv4 and neighbour solicitation
// for IPv6. Public.
//
// The kernel's own neighbour table is neither read nor written.
#pragma once

#include <optional>
#include <string>

#include "raw/arp.hpp"
#include "raw/packet_socket.hpp"
#include "raw/watch.hpp"

namespace wirelab::raw {

class NeighbourAsker {
 public:
  struct Answer {
    Mac mac;
    Duration rtt{};  // from the last question's sending to the kernel's stamp of the answer
  };

  // Throws as PacketSocket does.
  NeighbourAsker(const Place& place, const std::string& interface);

  [[nodiscard]] const Interface& interface() const { return socket_.interface(); }
  // Asks as `source`, up to three times within `limit`, and turns the loop until the answer comes. Nothing if nobody
  // answers for `target`. Throws std::system_error, and std::logic_error inside a callback of the loop.
  std::optional<Answer> ask(const IpAddress& source, const IpAddress& target, Duration limit);

 private:
  void read();

  Selector& loop_;
  PacketSocket socket_;
  IpAddress wanted_;
  Stamp asked_{};
  std::optional<Answer> answer_;
  Watch watch_;
};

}  // namespace wirelab::raw
