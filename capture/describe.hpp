// describe: the one text form of a packet, printed, expected and compared in tests. Public, pure.
//
// One line, no trailing newline, in the field's terms. Text from the wire is made safe to show.
#pragma once

#include <string>

#include "capture/decode.hpp"

namespace wirelab::capture {

// 10.0.1.2 > 10.0.2.2: ICMP echo request id 4660 seq 1 ttl 64 length 64
// 10.0.1.2:40000 > 10.0.2.2:7: TCP [S] seq 1 win 64240 <mss 1460> ttl 64 len 0 DF
// 10.0.1.2:40000 > 10.0.2.2:7: UDP ttl 64 len 26 frame CL:7;type:message
// ARP who has 10.0.1.1? tell 10.0.1.2
//
// `length` counts the whole ICMP message; `len` the payload of UDP and TCP.
std::string describe(const Decoded& packet);

// The short form for an arrow between two hosts: what it is, without addresses, ttl and TCP's numbers.
// "echo request id 4660 seq 1", "TCP [S]", "UDP frame CL:7;type:message", "UDP len 5 bad checksum"
std::string label(const Decoded& packet);

// tcpdump's letters: "S", "S.", "P.", "F.", "R", "."; "none" without any flag.
std::string letters_of(const TcpFlags& flags);

}  // namespace wirelab::capture
