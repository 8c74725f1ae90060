// look_for: what a story waits for in its trace, as predicates over decoded packets. Public, pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "capture/decode.hpp"
#include "capture/trace.hpp"
#include "lab/base/address.hpp"

namespace wirelab::scenarios::look_for {

// Who asks for the link address of `target`: an ARP request, or a neighbour solicitation (RFC 4861).
capture::Trace::Fits resolution_request(const IpAddress& target);
// The answer that `target` gives: an ARP reply, or a neighbour advertisement.
capture::Trace::Fits resolution_reply(const IpAddress& target);

// Either version's echo messages with that identifier and sequence number.
capture::Trace::Fits echo_request(std::uint16_t identifier, std::uint16_t sequence);
capture::Trace::Fits echo_reply(std::uint16_t identifier, std::uint16_t sequence);

// An ICMP error of `source` that quotes an echo request with that identifier and sequence number.
capture::Trace::Fits error_for_echo(const IpAddress& source, std::uint16_t identifier, std::uint16_t sequence);
// An ICMP error of `source` that quotes a UDP datagram from `port`.
capture::Trace::Fits error_for_udp(const IpAddress& source, Port port);

// What a TCP segment is, for tcp() and Party.
bool is_syn(const capture::Tcp& tcp);  // without ACK
bool is_syn_ack(const capture::Tcp& tcp);
bool is_fin(const capture::Tcp& tcp);
bool is_rst(const capture::Tcp& tcp);
bool has_data(const capture::Tcp& tcp);
// Its payload holds that text, whole.
std::function<bool(const capture::Tcp&)> has_text(std::string_view text);

// A UDP datagram, and a TCP segment that carries data, from one endpoint to the other.
capture::Trace::Fits datagram(const Endpoint& source, const Endpoint& destination);
capture::Trace::Fits segment(const Endpoint& source, const Endpoint& destination);
// Any TCP segment from one endpoint to the other that `fits`.
capture::Trace::Fits tcp(const Endpoint& source, const Endpoint& destination,
                         std::function<bool(const capture::Tcp&)> fits);
// Any TCP segment of the connection between the two, either way.
capture::Trace::Fits between(const Endpoint& one, const Endpoint& other);

}  // namespace wirelab::scenarios::look_for
