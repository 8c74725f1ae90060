#include "scenarios/arp_claims.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "capture/decode.hpp"

namespace wirelab::scenarios {

std::vector<ArpClaim> arp_claims(const std::deque<capture::Packet>& packets) {
  std::vector<ArpClaim> claims;
  std::set<std::uint64_t> counted;  // by id, which is the same on every link
  for (const auto& packet : packets) {
    const auto arp = capture::decode(packet).arp;
    if (!arp || arp->sender_ip.is_unspecified() || !counted.insert(packet.id).second) continue;
    const auto found = std::ranges::find_if(
        claims, [&](const ArpClaim& claim) { return claim.address == arp->sender_ip && claim.mac == arp->sender_mac; });
    if (found == claims.end()) {
      claims.push_back({.address = arp->sender_ip, .mac = arp->sender_mac, .first = &packet, .times = 1});
    } else {
      ++found->times;
    }
  }
  std::ranges::stable_sort(claims, {}, &ArpClaim::address);
  return claims;
}

std::vector<ArpClaim> disputed(const std::vector<ArpClaim>& claims) {
  std::vector<ArpClaim> found;
  std::ranges::copy_if(claims, std::back_inserter(found), [&](const ArpClaim& claim) {
    return std::ranges::any_of(
        claims, [&](const ArpClaim& other) { return other.address == claim.address && other.mac != claim.mac; });
  });
  return found;
}

}  // namespace wirelab::scenarios
