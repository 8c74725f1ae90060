// trace_route: the routers on the way to a target, found by packets whose TTL runs out there (RFC 792, RFC 4443, 3.3).
// Public.
//
// Each hop is asked by several probes, some hops at once, and what stays silent is asked once more. An error counts
// only if it quotes one of these very probes. The trace ends where the target answers, or where somebody says that it
// cannot be reached; a hop that never answers stays in the report, silent.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "raw/next_hop.hpp"
#include "raw/prober.hpp"

namespace wirelab::raw {

enum class TraceKind { icmp, udp, tcp };
// "icmp", "udp", "tcp".
std::string_view name_of(TraceKind kind);

struct TraceOptions {
  TraceKind kind = TraceKind::icmp;
  NextHopOptions way;
  std::optional<Port> port;  // UDP: of the first probe, 33434 unless given; TCP: of all, 80 unless given
  std::uint8_t max_ttl = 30;
  std::uint8_t probes = 3;    // a hop, at least 1
  std::uint8_t parallel = 4;  // hops asked at once, at least 1
  ProbeOptions probing{.attempts = 2, .patience = std::chrono::milliseconds(500)};
};

enum class TraceAnswerKind { time_exceeded, reached, unreachable };

struct TraceAnswer {
  TraceAnswerKind kind{};
  IpAddress from;
  std::uint8_t ttl = 0;              // of the answer
  std::uint8_t type = 0, code = 0;   // ICMP only
  std::optional<std::uint32_t> mtu;  // the next hop's, where the packet was too big
  Stamp received{};
};

struct TraceProbe {
  Stamp sent{};  // the last attempt
  std::uint8_t attempts = 0;
  std::optional<TraceAnswer> answer;
  // What the kernels' stamps say; only with an answer, and exact for one attempt.
  [[nodiscard]] Duration rtt() const { return answer->received - sent; }
};

struct TraceHop {
  std::uint8_t ttl = 0;
  std::vector<TraceProbe> probes;
  [[nodiscard]] bool silent() const;
};

struct TraceReport {
  TraceKind kind{};
  Identity source;
  IpAddress target;
  // By which the probes are found in a trace. ICMP: their identifier, the sequence number counts from 1; UDP: their
  // source port, the destination port counts; TCP: the source port of the first, and the others' count from there.
  std::uint16_t number = 0;
  std::vector<TraceHop> hops;  // up to the target, to who refused, or to max_ttl
  bool reached = false;
  std::uint64_t sent = 0;
  Duration elapsed{};
};

// The mark that traceroute writes behind such an answer: "" for an ordinary one, else "!H", "!N", "!P", "!F-1400",
// "!X",
// "!S", "!V", "!C" or "!<code>".
std::string mark_of(const TraceAnswer& answer);

// Turns the loop. Throws as find_next_hop and Prober do, std::logic_error for options out of range.
TraceReport trace_route(const Place& place, const IpAddress& target, std::mt19937_64& random,
                        const TraceOptions& options);

}  // namespace wirelab::raw
