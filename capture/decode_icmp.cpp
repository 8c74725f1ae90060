// ICMP (RFC 792, 1191), ICMPv6 (RFC 4443) and neighbour discovery (RFC 4861).
#include <fmt/format.h>

#include "capture/decoder.hpp"

namespace wirelab::capture {
namespace {

constexpr std::size_t icmp_header = 8;
// An error about an error should not exist; one level deeper than that nobody needs to see.
constexpr unsigned deepest_quote = 2;

namespace v4 {
enum Type : std::uint8_t {
  unreachable = 3,
  source_quench = 4,
  redirect = 5,
  time_exceeded = 11,
  parameter_problem = 12
};
constexpr std::uint8_t fragmentation_needed = 4;
}  // namespace v4

namespace v6 {
enum Type : std::uint8_t {
  packet_too_big = 2,
  first_informational = 128,
  router_solicitation = 133,
  router_advertisement = 134,
  neighbour_solicitation = 135,
  neighbour_advertisement = 136,
  redirect = 137,
};
}  // namespace v6

}  // namespace

bool Icmp::is_error() const {
  if (v6) return type < v6::first_informational;
  return type == v4::unreachable || type == v4::source_quench || type == v4::redirect || type == v4::time_exceeded ||
         type == v4::parameter_problem;
}

void Decoder::icmp(Reader in, bool v6) {
  const auto message = in;
  Icmp icmp;
  icmp.v6 = v6;
  icmp.type = in.u8();
  icmp.code = in.u8();
  const auto stated = in.u16();
  auto body = in;
  in.u32();
  if (in.failed()) return too_short(v6 ? "ICMPv6 header" : "ICMP header", icmp_header, message);
  icmp.length = static_cast<std::uint32_t>(message.wire_size());
  icmp.payload = in.rest();
  icmp.checksum = verify(stated, 2, message, v6);
  icmp_body(icmp, body);
  if (icmp.is_error()) quote(icmp, in);
  out.transport = icmp;
}

void Decoder::icmp_body(Icmp& icmp, Reader in) {
  if (icmp.is_echo_request() || icmp.is_echo_reply()) {
    icmp.identifier = in.u16();
    icmp.sequence = in.u16();
  } else if (!icmp.v6) {
    const auto word = in.u32();
    if (icmp.type == v4::unreachable && icmp.code == v4::fragmentation_needed) icmp.mtu = word & 0xFFFF;
    if (icmp.type == v4::redirect) icmp.target = Ipv4::from_number(word);
  } else if (icmp.type == v6::packet_too_big) {
    icmp.mtu = in.u32();
  } else if (icmp.type >= v6::router_solicitation && icmp.type <= v6::redirect) {
    const auto start = in;
    in.u32();
    if (icmp.type == v6::router_advertisement) in.take(8);
    if (icmp.type >= v6::neighbour_solicitation) icmp.target = in.get<Ipv6>();
    if (icmp.type == v6::redirect) in.take(Ipv6::size);
    if (in.failed()) return too_short("neighbour discovery message", in.offset() - start.offset() + 1, start);
    neighbour_options(icmp, in);
  }
}

void Decoder::neighbour_options(Icmp& icmp, Reader in) {
  constexpr std::uint8_t source_link_address = 1, target_link_address = 2;
  constexpr std::size_t shortest_option = 8;
  while (!in.rest().empty()) {
    const auto start = in;
    const auto type = in.u8();
    const std::size_t length = 8 * std::size_t{in.u8()};
    if (!in.failed() && length == 0)
      return malformed(fmt::format("neighbour discovery option {} of length 0", type), start.offset());
    Reader value(in.take(length - 2));
    if (in.failed())
      return too_short(fmt::format("neighbour discovery option {}", type), std::max(length, shortest_option), start);
    if (type == source_link_address || type == target_link_address) icmp.link_address = value.get<Mac>();
  }
}

// A router quotes the IP header and at least eight bytes more (RFC 792), as many as it likes (RFC 1812 4.3.2.3), and
// may put extensions after them (RFC 4884): what is missing from the quoted packet is no lie.
void Decoder::quote(Icmp& icmp, Reader in) {
  if (in.rest().empty()) return too_short("packet quoted in an ICMP error", 28, in);
  if (depth_ == deepest_quote) return;
  Decoder inner(depth_ + 1);
  inner.out.frame = in.rest();
  inner.out.original_length = static_cast<std::uint32_t>(in.rest().size());
  inner.ip(Reader(in.rest(), 0, Reader::unknown));
  icmp.quoted = std::make_shared<const Decoded>(std::move(inner.out));
}

}  // namespace wirelab::capture
