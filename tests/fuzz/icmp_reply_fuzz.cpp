// What packet sockets hand over: any frame is read as ICMP, ARP or neighbour discovery, or refused with a place inside
// it. A mutated packet hardly ever has right checksums, so each is read once more with them mended.
#include <algorithm>
#include <functional>

#include "lab/base/checksum.hpp"
#include "raw/arp.hpp"
#include "raw/icmp.hpp"
#include "raw/icmp_reply.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace wirelab::raw {
namespace {

bool lies_in(ByteView part, ByteView whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// What is written anew from what was read reads the same.
void check_echo(const IcmpMessage& read) {
  const Headers headers{.source = read.from, .destination = read.to, .ttl = read.ttl};
  const auto packet =
      echo_reply(headers, {.identifier = read.identifier, .sequence = read.sequence, .payload = read.payload});
  const auto parsed = parse_icmp(packet.from(Layer::network));
  const auto* const again = std::get_if<IcmpMessage>(&parsed);
  require(again != nullptr, "an echo reply made by hand cannot be read");
  require(again->kind == read.kind && again->from == read.from && again->to == read.to && again->ttl == read.ttl,
          "written anew, the headers differ");
  require(again->identifier == read.identifier && again->sequence == read.sequence &&
              std::ranges::equal(again->payload, read.payload),
          "written anew, the echo differs");
}

void check_icmp(ByteView packet) {
  const auto parsed = parse_icmp(packet);
  if (const auto* const malformed = std::get_if<Malformed>(&parsed)) {
    require(!malformed->reason.empty() && malformed->offset <= packet.size(), "malformed somewhere else");
    return;
  }
  const auto& message = std::get<IcmpMessage>(parsed);
  require(lies_in(message.payload, packet), "the payload lies outside");
  require(message.from.is_v4() == message.to.is_v4(), "addresses of two versions");
  // A packet with IPv4 options may be too long to be written without them.
  if (message.kind == ReplyKind::echo_reply && packet.size() < 60000) check_echo(message);
}

// Mends the checksums of an IPv4 packet with ICMP, or of an IPv6 one with ICMPv6, where its lengths allow it.
Bytes mended(ByteView packet) {
  auto bytes = copy_of(packet);
  const auto mend = [&](std::size_t from, std::size_t size, std::size_t at, const std::function<int(ByteView)>& sum) {
    if (from + size > bytes.size() || at + 2 > size) return;
    store_be16(&bytes[from + at], 0);
    store_be16(&bytes[from + at], static_cast<std::uint16_t>(sum(ByteView(bytes).subspan(from, size))));
  };
  if (bytes.size() < ipv4_header_size) return bytes;
  if (bytes[0] >> 4 == 4) {
    const std::size_t header = (bytes[0] & 15U) * 4U;
    mend(0, header, 10, internet_checksum);
    const auto total = load_be16(&bytes[2]);
    if (total > header) mend(header, total - header, 2, internet_checksum);
  } else if (bytes.size() >= ipv6_header_size) {
    const auto from = Ipv6::from_bytes(packet.subspan(8));
    const auto to = Ipv6::from_bytes(packet.subspan(24));
    mend(ipv6_header_size, load_be16(&bytes[4]), 2,
         [&](ByteView message) { return transport_checksum(from, to, protocol_icmpv6, message); });
  }
  return bytes;
}

void check_frame(ByteView frame) {
  (void)parse_neighbour(frame);
  if (const auto arp = parse_arp(frame); arp && arp->operation == ArpOperation::reply) {
    const auto again = parse_neighbour(arp_frame(*arp, arp->target_mac));
    require(again && again->mac == arp->sender_mac && again->address == IpAddress(arp->sender_ip),
            "written anew, the ARP reply differs");
  }
}

}  // namespace
}  // namespace wirelab::raw

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wirelab;
  const ByteView frame(data, size);
  raw::check_frame(frame);
  const auto start = std::min(size, raw::ethernet_header_size);
  const auto packet = frame.subspan(start);
  raw::check_icmp(packet);
  const auto mended = raw::mended(packet);
  raw::check_icmp(mended);
  auto mended_frame = copy_of(frame.first(start));
  mended_frame.resize(size);
  std::ranges::copy(mended, mended_frame.begin() + static_cast<std::ptrdiff_t>(start));
  raw::check_frame(mended_frame);
  return 0;
}
