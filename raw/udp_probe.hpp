// UdpProbe: UDP datagrams made by hand to one endpoint, and the ICMP errors that answer them. Public.
//
// Its source port belongs to no socket: should the other side answer in UDP, the kernel here would refuse it with an
// ICMP error of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "raw/answers.hpp"
#include "raw/path.hpp"

namespace wirelab::raw {

class UdpProbe {
 public:
  struct Options {
    Layer layer = Layer::network;  // or ethernet
    std::string interface;         // empty: the one that the route names
    std::uint8_t ttl = 64;         // hop limit
    std::optional<Port> source;    // empty: by `random`, from 61000 on, which no kernel gives to a socket
    std::string data = "wirelab made this datagram by hand";
    Duration neighbour_limit = std::chrono::seconds(1);
  };
  using Alteration = std::function<void(Packet&)>;

  // Throws as Path does, and std::logic_error for the transport layer.
  UdpProbe(const Place& place, const Endpoint& target, std::mt19937_64& random, const Options& options);
  UdpProbe(const Place& place, const Endpoint& target, std::mt19937_64& random)
      : UdpProbe(place, target, random, Options{}) {}

  [[nodiscard]] Port source() const { return source_; }
  // Sends the datagram, altered if asked. Throws as Path::finish and Path::send do.
  void send(const Alteration& alter = {});
  // The oldest answer not yet taken; turns the loop until there is one, at most for `limit`.
  std::optional<Reply> reply_within(Duration limit);
  [[nodiscard]] const Counts& counts() const { return answers_.counts(); }

 private:
  void arrived(const IcmpArrival& arrival);

  Endpoint target_;
  Port source_;
  std::uint16_t ip_id_;
  Answers answers_;
  Path path_;
  Packet datagram_;
};

}  // namespace wirelab::raw
