// The pcap format (draft-ietf-opsawg-pcap): one header, then packets of one interface.
#include <fmt/format.h>

#include "capture/capture_reader.hpp"
#include "capture/reader.hpp"

namespace wirelab::capture {
namespace {

constexpr std::uint32_t microseconds_magic = 0xA1B2C3D4;
constexpr std::uint32_t nanoseconds_magic = 0xA1B23C4D;

// Seconds are unsigned: the format lasts until 2106.
Stamp stamp_of(std::uint32_t seconds, std::uint64_t nanoseconds) {
  return Stamp{std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds)};
}

// False where the file ends or is broken.
bool read_packet(Reader& in, PcapMagic magic, CaptureFile& out) {
  const auto start = in;
  const auto seconds = in.u32();
  const auto units = in.u32();
  const auto captured = in.u32();
  Packet packet;
  packet.original_length = in.u32();
  if (in.failed()) {
    out.malformed = Malformed{"the file ends within the header of a packet", start.offset()};
    return false;
  }
  packet.stamp = stamp_of(seconds, std::uint64_t{units} * magic.nanoseconds_per_unit);
  const auto bytes = in.take(captured);
  if (in.failed()) {
    out.malformed = Malformed{fmt::format("the file ends within a packet of {} bytes", captured), start.offset()};
    return false;
  }
  packet.bytes = copy_of(bytes);
  packet.frame = out.packets.size() + 1;
  out.packets.push_back(std::move(packet));
  return true;
}

}  // namespace

std::optional<PcapMagic> pcap_magic(ByteView file) {
  if (file.size() < 4) return std::nullopt;
  for (const auto order : {std::endian::big, std::endian::little}) {
    const auto magic = order == std::endian::big ? load_be32(file.data()) : load_le32(file.data());
    if (magic == microseconds_magic) return PcapMagic{order, 1000};
    if (magic == nanoseconds_magic) return PcapMagic{order, 1};
  }
  return std::nullopt;
}

CaptureFile read_pcap(ByteView file, PcapMagic magic) {
  CaptureFile out;
  Reader in(file);
  in.use(magic.order);
  in.u32();
  const auto version = in.u16();
  in.take(10);  // minor version; two fields of 32 bits that nobody uses
  TapInfo tap;
  tap.snap_length = in.u32();
  tap.link = static_cast<LinkType>(in.u32() & 0xFFFF);  // above: the length of a frame check sequence
  if (in.failed()) {
    out.malformed = Malformed{"the file ends within its header", 0};
    return out;
  }
  out.info.taps.push_back(tap);
  out.statistics.emplace_back();
  if (version != 2) {
    out.malformed = Malformed{fmt::format("pcap version {}", version), 4};
    return out;
  }
  while (!in.rest().empty() && read_packet(in, magic, out)) continue;
  return out;
}

}  // namespace wirelab::capture
