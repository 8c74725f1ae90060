// scan_ports: one host's ports asked by hand, by any of the probes of scan.hpp. Public.
//
// The probes come from the host's own address or, with `self`, from one that no host owns. With the own address the
// kernel answers every SYN ACK with a RST by itself, since it knows of no connection; with another the scan does so,
// lest the target waits for the third segment.
#pragma once

#include <random>
#include <span>
#include <vector>

#include "raw/next_hop.hpp"
#include "raw/prober.hpp"
#include "raw/scan.hpp"

namespace wirelab::raw {

struct ScanOptions {
  ScanKind kind = ScanKind::syn;
  NextHopOptions way;
  std::optional<Port> source;  // empty: by `random`, from 61000 on, which no kernel gives to a socket
  ProbeOptions probing;
};

struct PortResult {
  Port port{};
  PortState state{};
  std::optional<PortAnswer> answer;  // nothing: silence
  std::uint8_t attempts = 0;         // 0: the deadline came before it was asked
  Stamp sent{};                      // the last attempt
};

struct ScanReport {
  ScanKind kind{};
  Endpoint source;  // of the probes, by which they are found in a trace
  IpAddress target;
  std::vector<PortResult> ports;  // in the order in which they were given, without repetitions
  ProbeReport probing;
};

// Turns the loop until all is known or options.probing.deadline comes. Throws as find_next_hop and Prober do; BadInput
// for no ports at all; std::system_error (EHOSTUNREACH) if nobody answers for the next hop.
ScanReport scan_ports(const Place& place, const IpAddress& target, std::span<const Port> ports, std::mt19937_64& random,
                      const ScanOptions& options);

}  // namespace wirelab::raw
