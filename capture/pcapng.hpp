// The numbers of the pcapng format (draft-ietf-opsawg-pcapng) that writer and reader share. Not public.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "capture/packet.hpp"

namespace wirelab::capture::pcapng {

// A block: type, total length, body, total length again; all padded to four bytes.
enum Block : std::uint32_t {
  interface_description = 1,
  old_packet = 2,
  simple_packet = 3,
  name_resolution = 4,
  interface_statistics = 5,
  enhanced_packet = 6,
  section_header = 0x0A0D0D0A,  // the same in either byte order
};
inline constexpr std::uint32_t byte_order_magic = 0x1A2B3C4D;
inline constexpr std::uint32_t swapped_byte_order_magic = 0x4D3C2B1A;
inline constexpr std::size_t block_frame = 12;

// An option: code, length, value padded to four bytes. Codes above 1 have a meaning for each block type.
namespace option {
inline constexpr std::uint16_t end = 0;
inline constexpr std::uint16_t comment = 1;
inline constexpr std::uint16_t section_hardware = 2;
inline constexpr std::uint16_t section_system = 3;
inline constexpr std::uint16_t section_application = 4;
inline constexpr std::uint16_t interface_name = 2;
inline constexpr std::uint16_t interface_text = 3;
inline constexpr std::uint16_t interface_resolution = 9;
inline constexpr std::uint16_t interface_filter = 11;
inline constexpr std::uint16_t interface_offset = 14;
inline constexpr std::uint16_t packet_flags = 2;
inline constexpr std::uint16_t packet_id = 5;
inline constexpr std::uint16_t statistics_start = 2;
inline constexpr std::uint16_t statistics_end = 3;
inline constexpr std::uint16_t statistics_received = 4;
inline constexpr std::uint16_t statistics_dropped = 5;
}  // namespace option

// The first two bits of packet_flags.
inline constexpr std::uint32_t flag_inbound = 1;
inline constexpr std::uint32_t flag_outbound = 2;

// Records of a name resolution block.
inline constexpr std::uint16_t name_end = 0;
inline constexpr std::uint16_t name_ipv4 = 1;
inline constexpr std::uint16_t name_ipv6 = 2;

// A known origin travels as a packet comment, since the format has no option for it.
constexpr std::string_view comment_of(Origin origin) {
  switch (origin) {
    case Origin::raw:
      return "origin: raw";
    case Origin::kernel:
      return "origin: kernel";
    case Origin::stack:
      return "origin: stack";
    case Origin::unknown:
      break;
  }
  return {};
}
// unknown for any other comment.
constexpr Origin origin_in(std::string_view comment) {
  for (const auto origin : {Origin::raw, Origin::kernel, Origin::stack})
    if (comment == comment_of(origin)) return origin;
  return Origin::unknown;
}

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

}  // namespace wirelab::capture::pcapng
