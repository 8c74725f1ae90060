#include "capture/journey.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "capture/match.hpp"

namespace wirelab::capture {

std::vector<Journey> journeys_of(const TraceInfo& info, const std::vector<const Packet*>& packets) {
  const bool has_ids = std::ranges::any_of(packets, [](const Packet* packet) { return packet->id != 0; });
  Matcher matcher;
  std::vector<Journey> journeys;
  std::unordered_map<std::uint64_t, std::size_t> by_id;
  for (const Packet* packet : packets) {
    Decoded decoded = decode(*packet, info.taps.at(packet->tap).link);
    const auto id = has_ids ? packet->id : matcher.match(packet->tap, packet->stamp, decoded).id;
    const auto known = id == 0 ? by_id.end() : by_id.find(id);
    if (known != by_id.end()) {
      journeys[known->second].sightings.push_back(packet);
      continue;
    }
    if (id != 0) by_id.emplace(id, journeys.size());
    journeys.push_back({std::move(decoded), {packet}});
  }
  return journeys;
}

Whereabouts::Whereabouts(const TraceInfo& info) : names_(info.names) {
  for (const auto& tap : info.taps) {
    const auto colon = tap.name.find(':');
    hosts_.push_back(colon == std::string::npos ? "" : tap.name.substr(0, colon));
  }
  std::map<std::pair<std::string, bool>, int> addresses;
  for (const auto& [address, name] : names_) {
    if (++addresses[{name, address.is_v4()}] == 2) routers_.insert(name);
  }
}

std::string Whereabouts::name_of(const IpAddress& address) const {
  const auto found = names_.find(address);
  return found == names_.end() ? address.to_string() : found->second;
}

std::string Whereabouts::sender(const Journey& journey) const {
  const Packet& first = *journey.sightings.front();
  if (first.direction == Direction::outbound && !host_of(first).empty()) return host_of(first);
  if (journey.packet.ip) return name_of(journey.packet.ip->source);
  if (journey.packet.arp) return name_of(journey.packet.arp->sender_ip);
  return journey.packet.ethernet ? journey.packet.ethernet->source.to_string() : "?";
}

// A group is nobody in particular where hosts are known by name.
std::string Whereabouts::addressee(const IpAddress& address) const {
  const bool to_all = address.is_multicast() || address == IpAddress(Ipv4(255, 255, 255, 255));
  return to_all && !names_.empty() ? "" : name_of(address);
}

std::string Whereabouts::destination(const Journey& journey) const {
  const Decoded& packet = journey.packet;
  std::string name;
  if (packet.ip) {
    name = addressee(packet.ip->destination);
  } else if (packet.arp && (names_.empty() || names_.contains(packet.arp->target_ip))) {
    name = name_of(packet.arp->target_ip);
  } else if (packet.ethernet && !packet.arp && !packet.ethernet->destination.is_group()) {
    name = packet.ethernet->destination.to_string();
  }
  // Without an address that tells it, where it came in.
  const bool has_name = packet.ip || packet.arp;
  for (const Packet* sighting : journey.sightings) {
    if ((name.empty() || !has_name) && sighting->direction == Direction::inbound) name = host_of(*sighting);
  }
  return name;
}

bool Whereabouts::may_have_reached(const Journey& journey, const std::string& host) const {
  const bool is_tapped = std::ranges::find(hosts_, host) != hosts_.end();
  if (!is_tapped || forwards(host)) return true;
  return std::ranges::any_of(journey.sightings, [&](const Packet* sighting) {
    return host_of(*sighting) == host && sighting->direction != Direction::outbound;
  });
}

Answers::Answers(const std::vector<Journey>& journeys) {
  for (const auto& journey : journeys) {
    const Icmp* icmp = journey.packet.icmp();
    if (icmp == nullptr) continue;
    if (icmp->is_echo_reply()) {
      const Ip& ip = *journey.packet.ip;
      answered_.insert({ip.destination, ip.source, icmp->identifier, icmp->sequence});
    }
    const Icmp* asked = icmp->quoted ? icmp->quoted->icmp() : nullptr;
    if (asked != nullptr) {
      const Ip& ip = *icmp->quoted->ip;
      answered_.insert({ip.source, ip.destination, asked->identifier, asked->sequence});
    }
  }
}

bool Answers::is_unanswered_request(const Decoded& packet) const {
  const Icmp* icmp = packet.icmp();
  return icmp != nullptr && icmp->is_echo_request() &&
         !answered_.contains({packet.ip->source, packet.ip->destination, icmp->identifier, icmp->sequence});
}

}  // namespace wirelab::capture
