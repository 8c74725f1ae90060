// arp_talk: what stories say in ARP (RFC 826, RFC 5227), and how it is found in a trace. Public, pure.
#pragma once

#include "capture/trace.hpp"
#include "raw/arp.hpp"
#include "raw/next_hop.hpp"

namespace wirelab::scenarios::arp_talk {

using raw::Arp;
using raw::Identity;

// "Who has the target's address? Tell the sender." To everybody. Addresses here are of IPv4.
Arp request(const Identity& sender, const IpAddress& target);
// RFC 5227, 2.1.1: the same without a sender's address, so that nobody learns anything.
Arp probe(const Mac& sender, const IpAddress& target);
// RFC 5227, 2.3: a request for the sender's own address.
Arp announcement(const Identity& of);
// "The sender's address is at the sender's MAC", whether it was asked for or not.
Arp reply(const Identity& sender, const Identity& target);
// The same to nobody but oneself, for everybody to hear.
Arp gratuitous_reply(const Identity& of);

// That packet, as a tap shows it.
capture::Trace::Fits is(const Arp& made);
// A reply to that question, whoever gives it.
capture::Trace::Fits answers(const Arp& question);

}  // namespace wirelab::scenarios::arp_talk
