#include "scenarios/hygiene.hpp"

#include <functional>

#include <fmt/format.h>

#include "capture/decode.hpp"

namespace wirelab::scenarios {
namespace {

using capture::Checksum;
using capture::Decoded;
using capture::Packet;

constexpr std::size_t ethernet_header = 14;
constexpr std::uint16_t ethertype_ipv6 = 0x86DD;

bool has_wrong_checksum(const Decoded& packet) {
  if (packet.ip && packet.ip->checksum == Checksum::wrong) return true;
  if (packet.udp() != nullptr) return packet.udp()->checksum == Checksum::wrong;
  if (packet.tcp() != nullptr) return packet.tcp()->checksum == Checksum::wrong;
  return packet.icmp() != nullptr && packet.icmp()->checksum == Checksum::wrong;
}

// The MTU of the interface that a tap called "A:eth0" sits on.
std::uint32_t mtu_of(const Stage& stage, const std::string& tap) {
  const auto colon = tap.find(':');
  return stage.lab.host(tap.substr(0, colon)).interface(tap.substr(colon + 1)).mtu;
}

// Every packet of the trace but those.
Evidence all_but(const Stage& stage, const std::function<bool(const Packet&)>& excepted) {
  Evidence found;
  for (const auto& packet : stage.trace.packets()) {
    if (!excepted(packet)) found.push_back(&packet);
  }
  return found;
}

}  // namespace

void check_hygiene(Stage& stage) {
  const auto all = all_but(stage, [](const Packet&) { return false; });
  stage.check_all("every checksum is right, but in what was made wrong on purpose",
                  all_but(stage, [&](const Packet& packet) { return stage.is_made_wrong(packet); }),
                  [](const Packet&, const Decoded& packet) { return has_wrong_checksum(packet); });
  stage.check_all("no frame exceeds the MTU of its link", all, [&](const Packet& packet, const Decoded&) {
    return packet.original_length > mtu_of(stage, stage.trace.info().taps[packet.tap].name) + ethernet_header;
  });
  if (!stage.lab.topology().has_ipv6()) {
    stage.check_all("no IPv6 where none was asked for", all, [](const Packet&, const Decoded& packet) {
      return packet.ethernet && packet.ethernet->type == ethertype_ipv6;
    });
  }
  stage.check_count("the capture lost no packet", stage.trace.lost() == 0,
                    fmt::format("{} packets were lost", stage.trace.lost()));
}

}  // namespace wirelab::scenarios
