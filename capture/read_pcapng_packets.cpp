// The packets of a pcapng file: enhanced, simple and old packet blocks.
#include <algorithm>
#include <limits>

#include "capture/pcapng_reader.hpp"

namespace wirelab::capture {

using namespace pcapng;  // NOLINT(google-build-using-namespace): the whole file is about it

Stamp TimeScale::stamp(std::uint64_t ticks) const {
  using Wide = __int128;
  constexpr Wide second = 1'000'000'000;
  constexpr Wide last = std::numeric_limits<std::int64_t>::max();
  const unsigned exponent = resolution & 0x7F;
  auto nanoseconds = ticks * second;
  if ((resolution & 0x80) != 0) {
    nanoseconds >>= exponent;
  } else {
    for (unsigned i = 0; i != exponent && nanoseconds != 0; ++i) nanoseconds /= 10;
  }
  nanoseconds = std::clamp<Wide>(nanoseconds + offset * second, 0, last);
  return Stamp{std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds))};
}

void PcapngReader::add(Packet packet) {
  packet.frame = out_.packets.size() + 1;
  out_.packets.push_back(std::move(packet));
}

void PcapngReader::read_enhanced(Reader body) {
  const auto start = body.offset();
  const std::size_t index = body.u32();
  read_packet(index, body, start);
}

void PcapngReader::read_old(Reader body) {
  const auto start = body.offset();
  const std::size_t index = body.u16();
  body.u16();  // drops
  read_packet(index, body, start);
}

void PcapngReader::read_packet(std::size_t index, Reader body, std::size_t start) {
  const auto upper = body.u32();
  const auto ticks = std::uint64_t{upper} << 32 | body.u32();
  const std::size_t captured = body.u32();
  Packet packet;
  packet.original_length = body.u32();
  auto options = body;
  const auto bytes = body.first(captured).rest();
  options.take(padded(captured));
  if (options.failed()) {
    broken(fmt::format("a packet of {} bytes does not fit into its block", captured), start);
    return;
  }
  const auto* seen_on = interface(index, start);
  if (seen_on == nullptr) return;
  packet.tap = seen_on->tap;
  packet.stamp = seen_on->time.stamp(ticks);
  packet.bytes = copy_of(bytes);
  read_packet_options(packet, options);
  add(std::move(packet));
}

void PcapngReader::read_packet_options(Packet& packet, Reader in) {
  read_options(in, [&packet](std::uint16_t code, Reader value) {
    if (code == option::comment) {
      auto comment = text_of(value);
      const auto origin = origin_in(comment);
      if (origin != Origin::unknown)
        packet.origin = origin;
      else
        packet.comments.push_back(std::move(comment));
    }
    if (code == option::packet_flags) {
      const auto way = value.u32() & 3;
      packet.direction = way == flag_inbound    ? Direction::inbound
                         : way == flag_outbound ? Direction::outbound
                                                : Direction::unknown;
    }
    if (code == option::packet_id) packet.id = value.u64();
  });
}

void PcapngReader::read_simple(Reader body) {
  const auto start = body.offset();
  Packet packet;
  packet.original_length = body.u32();
  const auto* seen_on = interface(0, start);
  if (seen_on == nullptr) return;
  const auto limit = out_.info.taps[seen_on->tap].snap_length;
  const auto captured = limit == 0 ? packet.original_length : std::min(limit, packet.original_length);
  const auto bytes = body.take(captured);
  if (body.failed()) {
    broken(fmt::format("a packet of {} bytes does not fit into its block", captured), start);
    return;
  }
  packet.tap = seen_on->tap;
  packet.bytes = copy_of(bytes);
  add(std::move(packet));
}

}  // namespace wirelab::capture
