// What a probed port answers, and what that means (RFC 9293, 3.10.7; RFC 768; RFC 1122, 3.2.2.1). Public, pure.
//
//   probe             open         closed               what a filter does
//   SYN               SYN ACK      RST                  silence, or an ICMP error: filtered
//   FIN, NULL, XMAS   silence      RST                  silence: open or filtered, an ICMP error: filtered
//   ACK               RST either way: unfiltered        silence, or an ICMP error: filtered
//   UDP               UDP, or      port unreachable     silence: open or filtered, another ICMP error: filtered
//                     silence
//
// An open port drops a segment with neither SYN, ACK nor RST without a word, which is why the odd ones tell it from a
// closed port. Kernels limit how many ICMP errors they send (Linux: six at once, then one a second to each address), so
// that a closed UDP port may be silent too: what was not answered is never called open.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lab/base/address.hpp"
#include "lab/base/clock.hpp"

namespace wirelab::raw {

enum class ScanKind { syn, fin, null, xmas, ack, udp };
// "syn", "fin", ... as it is typed, and back.
std::string_view name_of(ScanKind kind);
std::optional<ScanKind> scan_kind(std::string_view name);
// The bits of the TCP header's flags; 0 for UDP.
std::uint8_t flags_of(ScanKind kind);

enum class PortState { open, closed, filtered, unfiltered, open_or_filtered };
// "open", "closed", "filtered", "unfiltered", "open|filtered".
std::string_view name_of(PortState state);

enum class PortAnswerKind { syn_ack, reset, datagram, port_unreachable, unreachable };
// "SYN ACK", "RST", "UDP", "port unreachable", "destination unreachable".
std::string_view name_of(PortAnswerKind kind);

struct PortAnswer {
  PortAnswerKind kind{};
  IpAddress from;  // the target, or the router that refused
  std::uint8_t ttl = 0;
  std::uint8_t type = 0, code = 0;  // ICMP only
  Stamp received{};
};

// Nothing stands for silence.
PortState state_of(ScanKind kind, std::optional<PortAnswerKind> answer);

}  // namespace wirelab::raw
