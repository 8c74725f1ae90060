#include "capture/pcapng_writer.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "capture/pcapng.hpp"

namespace wirelab::capture {
namespace {

using namespace pcapng;  // NOLINT(google-build-using-namespace): this file is that format

constexpr std::size_t longest_option = 65535;

// Composes one block at the end of a buffer, little endian, in room claimed once: no growth on the way.
class BlockWriter {
 public:
  // `room` is the most that the body will take; what is not used is given back.
  BlockWriter(Bytes& out, Block type, std::size_t room) : out_(out), start_(out.size()) {
    out.resize(start_ + block_frame + room);
    at_ = out.data() + start_;
    u32(type).u32(0);
  }
  BlockWriter(const BlockWriter&) = delete;
  BlockWriter& operator=(const BlockWriter&) = delete;
  ~BlockWriter() {
    const auto length = static_cast<std::uint32_t>(at_ - out_.data() - static_cast<std::ptrdiff_t>(start_) + 4);
    u32(length);
    out_.resize(start_ + length);
    at_ = out_.data() + start_ + 4;
    u32(length);
  }

  BlockWriter& u16(std::uint16_t value) {
    store_le16(at_, value);
    at_ += 2;
    return *this;
  }
  BlockWriter& u32(std::uint32_t value) {
    return u16(static_cast<std::uint16_t>(value)).u16(static_cast<std::uint16_t>(value >> 16));
  }
  BlockWriter& u64(std::uint64_t value) {
    return u32(static_cast<std::uint32_t>(value)).u32(static_cast<std::uint32_t>(value >> 32));
  }
  // Stamps lie with their upper half first.
  BlockWriter& stamp(Stamp stamp) {
    const auto nanoseconds = static_cast<std::uint64_t>(stamp.time_since_epoch().count());
    return u32(static_cast<std::uint32_t>(nanoseconds >> 32)).u32(static_cast<std::uint32_t>(nanoseconds));
  }
  // The room was claimed filled with zeros, so padding is there already.
  BlockWriter& padded_bytes(ByteView bytes) {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += padded(bytes.size());
    return *this;
  }
  BlockWriter& option(std::uint16_t code, std::string_view text) {
    return u16(code).u16(static_cast<std::uint16_t>(text.size())).padded_bytes(as_bytes(text));
  }
  // Texts that are empty are left out.
  BlockWriter& text_option(std::uint16_t code, std::string_view text) {
    return text.empty() ? *this : option(code, text);
  }
  BlockWriter& end_of_options() { return u32(option::end); }

 private:
  Bytes& out_;
  std::size_t start_;
  std::uint8_t* at_ = nullptr;
};

constexpr std::size_t room_for_option(std::size_t size) { return 4 + padded(size); }

// As the format wants texts: UTF-8, of a length that an option can tell.
std::string option_text(std::string_view text) {
  auto good = is_utf8(text) ? std::string(text) : printable(text);
  if (good.size() > longest_option) good.resize(utf8_prefix(std::string_view(good).substr(0, longest_option)));
  return good;
}

void write_section(Bytes& out, const TraceInfo& info) {
  const auto comment = option_text(info.comment);
  const auto hardware = option_text(info.hardware);
  const auto system = option_text(info.system);
  const auto application = option_text(info.application);
  BlockWriter block(out, section_header, 64 + comment.size() + hardware.size() + system.size() + application.size());
  block.u32(byte_order_magic).u16(1).u16(0).u64(~std::uint64_t{0});  // version 1.0, length not told
  block.text_option(option::comment, comment).text_option(option::section_hardware, hardware);
  block.text_option(option::section_system, system).text_option(option::section_application, application);
  block.end_of_options();
}

void write_interface(Bytes& out, const TapInfo& tap) {
  constexpr char nanoseconds = 9;
  const auto name = option_text(tap.name);
  const auto description = option_text(tap.description);
  const auto filter = tap.filter.empty() ? "" : option_text('\0' + tap.filter);  // 0: in libpcap's language
  BlockWriter block(out, interface_description, 64 + name.size() + description.size() + filter.size());
  block.u16(static_cast<std::uint16_t>(tap.link)).u16(0).u32(tap.snap_length);
  block.text_option(option::interface_name, name).text_option(option::interface_text, description);
  block.text_option(option::interface_filter, filter);
  block.option(option::interface_resolution, {&nanoseconds, 1}).end_of_options();
}

void write_names(Bytes& out, const Names& names) {
  if (names.empty()) return;
  std::size_t room = 8;
  for (const auto& [address, name] : names) room += room_for_option(Ipv6::size + 4 * name.size() + 1);
  BlockWriter block(out, name_resolution, room);
  for (const auto& [address, name] : names) {
    std::string record(as_text(address.bytes()));
    record += option_text(name).substr(0, longest_option - Ipv6::size - 1);
    block.option(address.is_v4() ? name_ipv4 : name_ipv6, record + '\0');
  }
  block.option(name_end, {}).end_of_options();
}

void write_statistics(Bytes& out, std::size_t tap, const TapStatistics& statistics) {
  BlockWriter block(out, interface_statistics, 64);
  block.u32(static_cast<std::uint32_t>(tap)).stamp(statistics.ended.value_or(Stamp{}));
  if (statistics.started) block.u16(option::statistics_start).u16(8).stamp(*statistics.started);
  if (statistics.ended) block.u16(option::statistics_end).u16(8).stamp(*statistics.ended);
  if (statistics.received) block.u16(option::statistics_received).u16(8).u64(*statistics.received);
  if (statistics.dropped) block.u16(option::statistics_dropped).u16(8).u64(*statistics.dropped);
  block.end_of_options();
}

}  // namespace

PacketView::PacketView(const Packet& packet)
    : tap(packet.tap),
      stamp(packet.stamp),
      original_length(packet.original_length),
      bytes(packet.bytes),
      direction(packet.direction),
      id(packet.id),
      origin(packet.origin),
      comments(packet.comments) {}

PcapngWriter::PcapngWriter(Sink sink, const TraceInfo& info, std::size_t batch)
    : sink_(std::move(sink)), batch_(batch), taps_(info.taps.size()) {
  write_section(waiting_, info);
  for (const auto& tap : info.taps) write_interface(waiting_, tap);
  write_names(waiting_, info.names);
  flush();
}

PcapngWriter::~PcapngWriter() {
  try {
    flush();
  } catch (...) {  // NOLINT(bugprone-empty-catch): who wants to know has called flush()
  }
}

void PcapngWriter::write(const PacketView& packet) {
  if (finished_ || packet.tap >= taps_) throw std::logic_error("a packet for a tap that the trace does not have");
  const auto size = packet.bytes.size();
  std::size_t room = 64 + padded(size);
  for (const auto& comment : packet.comments) room += room_for_option(std::min(4 * comment.size(), longest_option));
  {
    BlockWriter block(waiting_, enhanced_packet, room);
    block.u32(static_cast<std::uint32_t>(packet.tap)).stamp(packet.stamp);
    block.u32(static_cast<std::uint32_t>(size));
    block.u32(std::max(packet.original_length, static_cast<std::uint32_t>(size))).padded_bytes(packet.bytes);
    if (packet.direction != Direction::unknown)
      block.u16(option::packet_flags).u16(4).u32(packet.direction == Direction::inbound ? flag_inbound : flag_outbound);
    if (packet.id != 0) block.u16(option::packet_id).u16(8).u64(packet.id);
    block.text_option(option::comment, comment_of(packet.origin));
    for (const auto& comment : packet.comments) block.text_option(option::comment, option_text(comment));
    block.end_of_options();
  }
  ++packets_;
  pass_on(batch_);
}

void PcapngWriter::flush() { pass_on(0); }

void PcapngWriter::finish(std::span<const TapStatistics> statistics) {
  if (statistics.size() > taps_) throw std::logic_error("statistics of a tap that the trace does not have");
  for (std::size_t tap = 0; tap != statistics.size(); ++tap) write_statistics(waiting_, tap, statistics[tap]);
  finished_ = true;
  flush();
}

// What the sink refused is not offered again.
void PcapngWriter::pass_on(std::size_t least) {
  if (waiting_.empty() || waiting_.size() < least) return;
  struct Emptied {
    Bytes& bytes;
    ~Emptied() { bytes.clear(); }
  } const emptied{waiting_};
  sink_(waiting_);
}

}  // namespace wirelab::capture
