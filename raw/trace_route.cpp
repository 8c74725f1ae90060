#include "raw/trace_route.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <fmt/format.h>

#include "raw/trace_probes.hpp"

namespace wirelab::raw {
namespace {

std::string mark_v4(std::uint8_t code) {
  switch (code) {
    case 0:
      return "!N";
    case 1:
      return "!H";
    case 2:
      return "!P";
    case 5:
      return "!S";
    case 9:
    case 10:
    case 13:
      return "!X";
    case 14:
      return "!V";
    case 15:
      return "!C";
    default:
      return fmt::format("!<{}>", code);
  }
}

std::string mark_v6(std::uint8_t code) {
  constexpr std::array known{"!N", "!X", "!S", "!H"};
  return code < known.size() ? known.at(code) : fmt::format("!<{}>", code);
}

// Takes over what one group of hops brought.
void add_hops(TraceReport& report, const TraceProbes& probes, const ProbeReport& probing, std::uint8_t first_ttl,
              std::size_t probes_a_hop) {
  const auto end = probes.end();
  const auto last = end ? std::min(*end, probes.last_ttl()) : probes.last_ttl();
  for (std::uint8_t ttl = first_ttl; ttl <= last && ttl != 0; ++ttl) {
    TraceHop hop{.ttl = ttl, .probes = {}};
    for (std::size_t i = 0; i < probes_a_hop; ++i) {
      const auto& probed = probing.probes[(ttl - first_ttl) * probes_a_hop + i];
      hop.probes.push_back({.sent = probed.sent, .attempts = probed.attempts, .answer = probes.answer(ttl, i)});
      const auto& answer = hop.probes.back().answer;
      report.reached = report.reached || (answer && answer->kind == TraceAnswerKind::reached);
    }
    report.hops.push_back(std::move(hop));
  }
  report.sent += probing.sent;
}

}  // namespace

std::string_view name_of(TraceKind kind) {
  constexpr std::array<std::string_view, 3> names{"icmp", "udp", "tcp"};
  return names.at(static_cast<std::size_t>(kind));
}

bool TraceHop::silent() const {
  return std::ranges::none_of(probes, [](const TraceProbe& probe) { return probe.answer.has_value(); });
}

std::string mark_of(const TraceAnswer& answer) {
  if (answer.kind != TraceAnswerKind::unreachable) return "";
  if (answer.mtu) return fmt::format("!F-{}", *answer.mtu);
  return answer.from.is_v4() ? mark_v4(answer.code) : mark_v6(answer.code);
}

TraceReport trace_route(const Place& place, const IpAddress& target, std::mt19937_64& random,
                        const TraceOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const auto hop = find_next_hop(place, target, options.way);
  TraceProbes probes(hop.headers(target), options, random);
  Prober prober(place, hop.interface.name, answers_to(hop.self.address, probes.protocol(), probes.own_ports()));
  TraceReport report{
      .kind = options.kind, .source = hop.self, .target = target, .number = probes.own_number(), .hops = {}};
  for (unsigned ttl = 1; ttl <= options.max_ttl && !probes.end(); ttl = probes.last_ttl() + 1U) {
    const auto first = static_cast<std::uint8_t>(ttl);
    probes.begin(first);
    const auto probing = prober.run(probes, options.probing);
    add_hops(report, probes, probing, first, options.probes);
    if (probing.cut_short) break;
  }
  report.elapsed = std::chrono::steady_clock::now() - begin;
  return report;
}

}  // namespace wirelab::raw
