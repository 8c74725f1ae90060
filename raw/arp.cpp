#include "raw/arp.hpp"

#include <algorithm>

#include <tins/arp.h>
#include <tins/ethernetII.h>
#include <tins/icmpv6.h>

#include "raw/assemble.hpp"
#include "raw/icmp_reply.hpp"

namespace wirelab::raw {
namespace {

constexpr std::size_t arp_size = 28;
constexpr std::uint8_t solicitation_hop_limit = 255;
constexpr std::uint8_t neighbour_advertisement = 136;
constexpr std::uint8_t target_link_address_option = 2;

std::uint16_t ethertype_of(ByteView frame) {
  return frame.size() < ethernet_header_size ? std::uint16_t{0} : load_be16(&frame[12]);
}

// ff02::1:ffXX:XXXX (RFC 4291, 2.7.1) and its Ethernet group 33:33:ff:XX:XX:XX (RFC 2464, 7).
Ipv6 solicited_node(const Ipv6& target) {
  auto group = std::array<std::uint8_t, Ipv6::size>{0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF};
  std::copy_n(target.bytes().begin() + 13, 3, group.begin() + 13);
  return Ipv6{group};
}

Mac multicast_mac(const Ipv6& group) {
  std::array<std::uint8_t, Mac::size> mac{0x33, 0x33};
  std::copy_n(group.bytes().begin() + 12, 4, mac.begin() + 2);
  return Mac{mac};
}

// The target link-layer address among the options of an advertisement; nothing where an option has length 0 or is cut.
std::optional<Mac> target_link_address(ByteView options) {
  while (options.size() >= 8) {
    const std::size_t size = options[1] * std::size_t{8};
    if (size == 0 || size > options.size()) return std::nullopt;
    if (options[0] == target_link_address_option) return Mac::from_bytes(options.subspan(2));
    options = options.subspan(size);
  }
  return std::nullopt;
}

std::optional<Neighbour> parse_advertisement(ByteView frame) {
  const auto packet = frame.subspan(ethernet_header_size);
  const auto parsed = parse_icmp(packet);
  const auto* const message = std::get_if<IcmpMessage>(&parsed);
  if (message == nullptr || message->type != neighbour_advertisement || message->code != 0) return std::nullopt;
  if (message->ttl != solicitation_hop_limit || message->payload.size() < Ipv6::size) return std::nullopt;
  const auto mac = target_link_address(message->payload.subspan(Ipv6::size));
  if (!mac) return std::nullopt;
  return Neighbour{Ipv6::from_bytes(message->payload), *mac};
}

}  // namespace

Bytes arp_frame(const Arp& arp, const Mac& destination) {
  Tins::ARP layer(to_tins(arp.target_ip), to_tins(arp.sender_ip), arp.target_mac.bytes().data(),
                  arp.sender_mac.bytes().data());
  layer.opcode(arp.operation == ArpOperation::request ? Tins::ARP::REQUEST : Tins::ARP::REPLY);
  auto ethernet = Tins::EthernetII(destination.bytes().data(), arp.sender_mac.bytes().data()) / layer;
  auto frame = ethernet.serialize();
  frame.resize(ethernet_header_size + arp_size);
  return frame;
}

std::optional<Arp> parse_arp(ByteView frame) {
  // Hardware type Ethernet, protocol type IPv4, and the lengths of their addresses.
  constexpr std::array<std::uint8_t, 6> kind{0, 1, 8, 0, Mac::size, Ipv4::size};
  if (ethertype_of(frame) != ethertype_arp || frame.size() < ethernet_header_size + arp_size) return std::nullopt;
  const auto arp = frame.subspan(ethernet_header_size);
  if (!std::ranges::equal(arp.first(kind.size()), kind)) return std::nullopt;
  return Arp{ArpOperation{load_be16(&arp[6])}, Mac::from_bytes(arp.subspan(8)), Ipv4::from_bytes(arp.subspan(14)),
             Mac::from_bytes(arp.subspan(18)), Ipv4::from_bytes(arp.subspan(24))};
}

Bytes neighbour_solicitation(const Mac& source_mac, const Ipv6& source, const Ipv6& target) {
  const auto group = solicited_node(target);
  Tins::ICMPv6 solicitation(Tins::ICMPv6::NEIGHBOUR_SOLICIT);
  solicitation.target_addr(to_tins(target));
  solicitation.source_link_layer_addr(source_mac.bytes().data());
  const Headers headers{.source = source,
                        .destination = group,
                        .ttl = solicitation_hop_limit,
                        .ethernet_source = source_mac,
                        .ethernet_destination = multicast_mac(group)};
  return copy_of(assemble(headers, solicitation, protocol_icmpv6).from(Layer::ethernet));
}

std::optional<Neighbour> parse_neighbour(ByteView frame) {
  if (ethertype_of(frame) == ethertype_ipv6) return parse_advertisement(frame);
  const auto arp = parse_arp(frame);
  if (!arp || arp->operation != ArpOperation::reply) return std::nullopt;
  return Neighbour{arp->sender_ip, arp->sender_mac};
}

}  // namespace wirelab::raw
