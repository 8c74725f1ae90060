#include "raw/filter.hpp"

#include <array>

#include "raw/packet.hpp"

namespace wirelab::raw {
namespace {

constexpr std::uint32_t ethertype_at = 12;
constexpr std::uint32_t v4_fragment_at = ethernet_header_size + 6;
constexpr std::uint32_t v4_protocol_at = ethernet_header_size + 9;
constexpr std::uint32_t v4_destination_at = ethernet_header_size + 16;
constexpr std::uint32_t v6_next_header_at = ethernet_header_size + 6;
constexpr std::uint32_t v6_message_type_at = ethernet_header_size + ipv6_header_size;
constexpr std::uint32_t neighbour_advertisement = 136;
constexpr std::uint32_t offset_bits = 0x1FFF;

constexpr sock_filter load_word(std::uint32_t at) { return {BPF_LD | BPF_W | BPF_ABS, 0, 0, at}; }
constexpr sock_filter load_half(std::uint32_t at) { return {BPF_LD | BPF_H | BPF_ABS, 0, 0, at}; }
constexpr sock_filter load_byte(std::uint32_t at) { return {BPF_LD | BPF_B | BPF_ABS, 0, 0, at}; }
// Jumps count the instructions that they leave out.
constexpr sock_filter if_equal(std::uint32_t value, std::uint8_t then, std::uint8_t otherwise) {
  return {BPF_JMP | BPF_JEQ | BPF_K, then, otherwise, value};
}
constexpr sock_filter if_any_bit(std::uint32_t bits, std::uint8_t then, std::uint8_t otherwise) {
  return {BPF_JMP | BPF_JSET | BPF_K, then, otherwise, bits};
}
constexpr sock_filter keep{BPF_RET | BPF_K, 0, 0, 0xFFFF};
constexpr sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};

constexpr std::array icmp_program{
    load_half(ethertype_at),
    if_equal(ethertype_ipv4, 0, 4),
    load_half(v4_fragment_at),
    if_any_bit(offset_bits, 6, 0),
    load_byte(v4_protocol_at),
    if_equal(protocol_icmp, 3, 4),
    if_equal(ethertype_ipv6, 0, 3),
    load_byte(v6_next_header_at),
    if_equal(protocol_icmpv6, 0, 1),
    keep,
    drop,
};

constexpr std::array neighbour_program{
    load_half(ethertype_at),
    if_equal(ethertype_arp, 5, 0),
    if_equal(ethertype_ipv6, 0, 5),
    load_byte(v6_next_header_at),
    if_equal(protocol_icmpv6, 0, 3),
    load_byte(v6_message_type_at),
    if_equal(neighbour_advertisement, 0, 1),
    keep,
    drop,
};

}  // namespace

Filter icmp_filter() { return icmp_program; }

Filter neighbour_filter() { return neighbour_program; }

std::vector<sock_filter> station_filter(const Mac& mac, Ipv4 address) {
  return {
      load_half(ethertype_at),
      if_equal(ethertype_arp, 7, 0),
      if_equal(ethertype_ipv4, 0, 7),
      load_word(0),
      if_equal(load_be32(mac.bytes().data()), 0, 5),
      load_half(4),
      if_equal(load_be16(mac.bytes().data() + 4), 0, 3),
      load_word(v4_destination_at),
      if_equal(address.number(), 0, 1),
      keep,
      drop,
  };
}

std::vector<sock_filter> ipv4_filter(const Mac& mac) {
  return {
      load_half(ethertype_at),
      if_equal(ethertype_ipv4, 0, 5),
      load_word(0),
      if_equal(load_be32(mac.bytes().data()), 0, 3),
      load_half(4),
      if_equal(load_be16(mac.bytes().data() + 4), 0, 1),
      keep,
      drop,
  };
}

}  // namespace wirelab::raw
