#include "raw/icmp.hpp"

#include <algorithm>
#include <stdexcept>

#include <tins/icmp.h>
#include <tins/icmpv6.h>
#include <tins/rawpdu.h>

#include "lab/base/checksum.hpp"
#include "raw/assemble.hpp"

namespace wirelab::raw {
namespace {

constexpr std::size_t max_error_v4 = 576;
constexpr std::size_t max_error_v6 = 1280;

Tins::RawPDU payload_of(ByteView bytes) { return {bytes.data(), static_cast<std::uint32_t>(bytes.size())}; }

Packet make_echo(const Headers& headers, const Echo& echo, Tins::ICMP::Flags v4, Tins::ICMPv6::Types v6) {
  if (headers.source.is_v4()) {
    Tins::ICMP icmp(v4);
    icmp.id(echo.identifier);
    icmp.sequence(echo.sequence);
    return assemble(headers, icmp / payload_of(echo.payload), protocol_icmp);
  }
  Tins::ICMPv6 icmp(v6);
  icmp.identifier(echo.identifier);
  icmp.sequence(echo.sequence);
  return assemble(headers, icmp / payload_of(echo.payload), protocol_icmpv6);
}

// libtins writes the length of the quoted packet (RFC 4884) over 128 bytes although no extension follows; Linux leaves
// the word's upper half at zero, and in packet too big it belongs to the MTU.
void set_rest(Packet& packet, std::uint32_t rest) {
  const auto header = packet.from(Layer::transport);
  for (const std::size_t at : {4U, 6U}) {
    const auto word = static_cast<std::uint16_t>(at == 4 ? rest >> 16 : rest);
    store_be16(&header[2], updated_checksum(load_be16(&header[2]), load_be16(&header[at]), word));
    store_be16(&header[at], word);
  }
}

// An error by its types in both protocols; its header ends with the four bytes of `rest`.
struct Error {
  Tins::ICMP::Flags v4{};
  Tins::ICMPv6::Types v6{};
  std::uint8_t code = 0;
  std::uint32_t rest = 0;
};

Packet make_error(const Headers& headers, const Error& error, ByteView offending) {
  const bool v4 = headers.source.is_v4();
  const std::size_t room =
      v4 ? max_error_v4 - ipv4_header_size - icmp_header_size : max_error_v6 - ipv6_header_size - icmp_header_size;
  const auto quoted = payload_of(offending.first(std::min(offending.size(), room)));
  const auto finish = [&](auto icmp, std::uint8_t protocol) {
    icmp.code(error.code);
    auto packet = assemble(headers, icmp / quoted, protocol);
    set_rest(packet, error.rest);
    return packet;
  };
  if (v4) return finish(Tins::ICMP(error.v4), protocol_icmp);
  return finish(Tins::ICMPv6(error.v6), protocol_icmpv6);
}

}  // namespace

Packet echo_request(const Headers& headers, const Echo& echo) {
  return make_echo(headers, echo, Tins::ICMP::ECHO_REQUEST, Tins::ICMPv6::ECHO_REQUEST);
}

Packet echo_reply(const Headers& headers, const Echo& echo) {
  return make_echo(headers, echo, Tins::ICMP::ECHO_REPLY, Tins::ICMPv6::ECHO_REPLY);
}

Packet time_exceeded(const Headers& headers, ByteView offending) {
  return make_error(headers, {.v4 = Tins::ICMP::TIME_EXCEEDED, .v6 = Tins::ICMPv6::TIME_EXCEEDED}, offending);
}

Packet unreachable(const Headers& headers, std::uint8_t code, ByteView offending) {
  return make_error(headers, {.v4 = Tins::ICMP::DEST_UNREACHABLE, .v6 = Tins::ICMPv6::DEST_UNREACHABLE, .code = code},
                    offending);
}

Packet port_unreachable(const Headers& headers, ByteView offending) {
  return unreachable(headers, headers.source.is_v4() ? 3 : 4, offending);
}

Packet too_big(const Headers& headers, std::uint32_t mtu, ByteView offending) {
  const bool v4 = headers.source.is_v4();
  if (v4 && mtu > 0xFFFF) throw std::logic_error("the MTU in an ICMP message has 16 bits");
  const std::uint8_t code = v4 ? 4 : 0;
  return make_error(headers,
                    {.v4 = Tins::ICMP::DEST_UNREACHABLE, .v6 = Tins::ICMPv6::PACKET_TOOBIG, .code = code, .rest = mtu},
                    offending);
}

}  // namespace wirelab::raw
