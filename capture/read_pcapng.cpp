// What describes the packets of a pcapng file: sections, interfaces, names, statistics.
#include <fmt/format.h>

#include "capture/capture_reader.hpp"
#include "capture/pcapng_reader.hpp"

namespace wirelab::capture {

using namespace pcapng;  // NOLINT(google-build-using-namespace): the whole file is about it

bool PcapngReader::broken(std::string reason, std::size_t offset) {
  if (!out_.malformed) out_.malformed = Malformed{std::move(reason), offset};
  return false;
}

bool PcapngReader::read_block() {
  const auto start = in_;
  const auto type = in_.u32();
  if (type == section_header && !read_byte_order(start)) return false;
  const std::size_t length = in_.u32();
  if (in_.failed()) return broken("the file ends within the header of a block", start.offset());
  if (length < block_frame || length % 4 != 0)
    return broken(fmt::format("block length {}", length), start.offset() + 4);
  if (length > start.rest().size())
    return broken(fmt::format("the file ends within a block of {} bytes", length), start.offset());
  const auto body = in_.first(length - block_frame);
  in_.take(length - block_frame);
  const auto place = in_.offset();
  const auto again = in_.u32();
  if (again != length)
    return broken(fmt::format("block length {} differs from its repetition {}", length, again), place);
  read_body(type, body);
  return true;
}

bool PcapngReader::read_byte_order(const Reader& block) {
  auto in = block;
  in.take(8);
  in.use(std::endian::little);
  const auto magic = in.u32();
  if (in.failed()) return broken("the file ends within a section header", block.offset());
  if (magic != byte_order_magic && magic != swapped_byte_order_magic)
    return broken(fmt::format("byte-order magic 0x{:08x}", magic), block.offset() + 8);
  in_.use(magic == byte_order_magic ? std::endian::little : std::endian::big);
  return true;
}

void PcapngReader::read_body(std::uint32_t type, Reader body) {
  switch (type) {
    case section_header:
      return read_section(body);
    case interface_description:
      return read_interface(body);
    case enhanced_packet:
      return read_enhanced(body);
    case old_packet:
      return read_old(body);
    case simple_packet:
      return read_simple(body);
    case name_resolution:
      return read_names(body);
    case interface_statistics:
      return read_statistics(body);
    default:
      return;
  }
}

void PcapngReader::read_section(Reader body) {
  const auto start = body.offset();
  interfaces_.clear();
  body.u32();
  const auto version = body.u16();
  body.take(10);  // minor version, section length
  if (body.failed() || version != 1) {
    broken(fmt::format("section of pcapng version {}", version), start + 4);
    return;
  }
  if (sections_++ != 0) return;
  read_options(body, [this](std::uint16_t code, const Reader& value) {
    auto& info = out_.info;
    if (code == option::comment && !info.comment.empty()) info.comment += '\n';
    if (code == option::comment) info.comment += text_of(value);
    if (code == option::section_hardware) info.hardware = text_of(value);
    if (code == option::section_system) info.system = text_of(value);
    if (code == option::section_application) info.application = text_of(value);
  });
}

void PcapngReader::read_interface(Reader body) {
  const auto start = body.offset();
  TapInfo tap;
  TimeScale time;
  tap.link = static_cast<LinkType>(body.u16());
  body.u16();
  tap.snap_length = body.u32();
  if (body.failed()) {
    broken("the block of an interface is too short", start);
  } else {
    read_options(body, [&](std::uint16_t code, Reader value) {
      if (code == option::interface_name) tap.name = text_of(value);
      if (code == option::interface_text) tap.description = text_of(value);
      if (code == option::interface_filter && value.u8() == 0) tap.filter = text_of(value);
      if (code == option::interface_resolution) time.resolution = value.u8();
      if (code == option::interface_offset) time.offset = static_cast<std::int64_t>(value.u64());
    });
  }
  // Also a broken one keeps its number, or those of the next would shift.
  interfaces_.push_back({out_.info.taps.size(), time});
  out_.info.taps.push_back(std::move(tap));
  out_.statistics.emplace_back();
}

const PcapngReader::Interface* PcapngReader::interface(std::size_t index, std::size_t offset) {
  if (index < interfaces_.size()) return &interfaces_[index];
  broken(fmt::format("interface {} of {}", index, interfaces_.size()), offset);
  return nullptr;
}

// Records look like options: an address, then its names, each ended by a zero. The first one is kept.
void PcapngReader::read_names(Reader body) {
  read_options(body, [this](std::uint16_t type, Reader record) {
    if (type != name_ipv4 && type != name_ipv6) return;
    const IpAddress address = type == name_ipv4 ? IpAddress(record.get<Ipv4>()) : IpAddress(record.get<Ipv6>());
    const auto names = as_text(record.rest());
    if (!record.failed()) out_.info.names.emplace(address, names.substr(0, names.find('\0')));
  });
}

void PcapngReader::read_statistics(Reader body) {
  const auto start = body.offset();
  const std::size_t index = body.u32();
  body.take(8);  // when they were counted
  if (body.failed()) {
    broken("the block of statistics is too short", start);
    return;
  }
  const auto* counted_on = interface(index, start);
  if (counted_on == nullptr) return;
  auto& statistics = out_.statistics[counted_on->tap];
  read_options(body, [&](std::uint16_t code, Reader value) {
    const auto stamp = [&] {
      const auto upper = value.u32();
      return counted_on->time.stamp(std::uint64_t{upper} << 32 | value.u32());
    };
    if (code == option::statistics_start) statistics.started = stamp();
    if (code == option::statistics_end) statistics.ended = stamp();
    if (code == option::statistics_received) statistics.received = value.u64();
    if (code == option::statistics_dropped) statistics.dropped = value.u64();
  });
}

bool is_pcapng(ByteView file) { return file.size() >= 4 && load_be32(file.data()) == section_header; }

CaptureFile read_pcapng(ByteView file) { return PcapngReader(file).read(); }

}  // namespace wirelab::capture
