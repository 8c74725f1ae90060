// Pinger: echo requests made by hand to one target, and what answers them. Public.
//
//   Pinger ping(at(lab, "A"), server, lab.random(), {.layer = Layer::ethernet});
//   ping.send(1);                                                       // as it should be
//   ping.send(2, [](Packet& packet) { set_ttl(packet, 1); });           // time exceeded will come
//   ping.send(3, break_checksum);                                       // nothing will come
//   const auto reply = ping.reply_within(1s);
//
// A reply counts as one only if it comes from the target, to this pinger's address, with its identifier, a sequence
// number that was sent, and the very data that was sent. An error counts only if it quotes such a request.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "raw/answers.hpp"
#include "raw/path.hpp"

namespace wirelab::raw {

class Pinger {
 public:
  struct Options {
    Layer layer = Layer::transport;
    std::string interface;                    // empty: the one that the route names
    std::size_t size = 56;                    // bytes of echo data; the packet stays within 65535
    std::uint8_t ttl = 64;                    // hop limit
    bool dont_fragment = true;                // as in Headers
    std::optional<std::uint16_t> identifier;  // empty: by `random`
    Duration neighbour_limit = std::chrono::seconds(1);
  };
  using Alteration = std::function<void(Packet&)>;

  // Opens its sockets in `place`; `random` gives identifier, data and first IP identification. Throws as Path does.
  Pinger(const Place& place, const IpAddress& target, std::mt19937_64& random, const Options& options);
  Pinger(const Place& place, const IpAddress& target, std::mt19937_64& random)
      : Pinger(place, target, random, Options{}) {}

  [[nodiscard]] std::uint16_t identifier() const { return identifier_; }
  // Sends an echo request, altered if asked. A sequence number sent again is a new request. On the Ethernet layer the
  // first call turns the loop while the next hop is asked. Throws as Path::finish and Path::send do.
  void send(std::uint16_t sequence, const Alteration& alter = {});
  // The oldest answer not yet taken, duplicates left out; turns the loop until there is one, at most for `limit`.
  std::optional<Reply> reply_within(Duration limit);
  // Called for each answer as it comes, duplicates too; they also stay for reply_within.
  std::function<void(const Reply&)> on_reply;
  [[nodiscard]] const Counts& counts() const { return answers_.counts(); }

 private:
  void arrived(const IcmpArrival& arrival);
  [[nodiscard]] bool is_mine(const IcmpMessage& message) const;

  IpAddress target_;
  std::uint16_t identifier_;
  std::uint16_t ip_id_;
  Bytes data_;
  Answers answers_;
  Path path_;
  Packet request_;
};

}  // namespace wirelab::raw
