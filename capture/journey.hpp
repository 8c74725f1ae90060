// journey: one packet on its way, by all taps that saw it, and where it came from and got to. Internal to capture/,
// pure.
#pragma once

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "capture/decode.hpp"
#include "capture/pcapng_writer.hpp"

namespace wirelab::capture {

struct Journey {
  Decoded packet;  // as it was first seen
  std::vector<const Packet*> sightings;
};

// One a packet, by the first sighting. Packets with the same id are one; those of a trace without ids are matched.
std::vector<Journey> journeys_of(const TraceInfo& info, const std::vector<const Packet*>& packets);

// Who and where the ends of a journey are, by name; an address where no name is known.
class Whereabouts {
 public:
  explicit Whereabouts(const TraceInfo& info);

  [[nodiscard]] std::string name_of(const IpAddress& address) const;
  // "A" of a tap called "A:eth0"; empty for one without a host.
  [[nodiscard]] const std::string& host_of(const Packet& sighting) const { return hosts_.at(sighting.tap); }
  // A name with several addresses of one IP version.
  [[nodiscard]] bool forwards(const std::string& name) const { return routers_.contains(name); }

  // Forged addresses do not deceive it: who was seen to send has sent.
  [[nodiscard]] std::string sender(const Journey& journey) const;
  // Where it was sent; empty for nobody in particular.
  [[nodiscard]] std::string destination(const Journey& journey) const;
  // False only if `host` has a tap that should have seen the packet come in.
  [[nodiscard]] bool may_have_reached(const Journey& journey, const std::string& host) const;

 private:
  [[nodiscard]] std::string addressee(const IpAddress& address) const;

  const Names& names_;
  std::vector<std::string> hosts_;  // by tap
  std::set<std::string> routers_;
};

// The echo requests of a trace that were answered, by a reply or an error.
class Answers {
 public:
  explicit Answers(const std::vector<Journey>& journeys);
  [[nodiscard]] bool is_unanswered_request(const Decoded& packet) const;

 private:
  using Echo = std::tuple<IpAddress, IpAddress, std::uint16_t, std::uint16_t>;  // asker, asked, identifier, number
  std::set<Echo> answered_;
};

}  // namespace wirelab::capture
