#include "raw/scan_ports.hpp"

#include "lab/base/error.hpp"
#include "raw/port_probes.hpp"
#include "raw/probe_filter.hpp"
#include "raw/unowned_port.hpp"

namespace wirelab::raw {
namespace {

ScanReport report_of(const PortProbes& probes, const ScanOptions& options, const Endpoint& source,
                     const IpAddress& target, ProbeReport probing) {
  ScanReport report{.kind = options.kind, .source = source, .target = target, .ports = {}, .probing = {}};
  report.ports.reserve(probes.count());
  for (std::size_t i = 0; i < probes.count(); ++i) {
    const auto& answer = probes.answer(i);
    const auto kind = answer ? std::optional(answer->kind) : std::nullopt;
    report.ports.push_back({.port = probes.port(i),
                            .state = state_of(options.kind, kind),
                            .answer = answer,
                            .attempts = probing.probes[i].attempts,
                            .sent = probing.probes[i].sent});
  }
  report.probing = std::move(probing);
  return report;
}

}  // namespace

ScanReport scan_ports(const Place& place, const IpAddress& target, std::span<const Port> ports, std::mt19937_64& random,
                      const ScanOptions& options) {
  if (ports.empty()) throw BadInput("there is no port to scan\nname some, as 1-1024 or 22,80");
  const auto hop = find_next_hop(place, target, options.way);
  const auto source = options.source ? *options.source : unowned_port(random);
  PortProbes probes(options.kind, hop.headers(target), source, ports, random);
  const auto protocol = options.kind == ScanKind::udp ? protocol_udp : protocol_tcp;
  Prober prober(place, hop.interface.name, answers_to(hop.self.address, protocol, PortRange{source, source}));
  if (options.way.self) probes.on_half_open = [&prober](ByteView frame) { prober.send(frame); };
  return report_of(probes, options, {hop.self.address, source}, target, prober.run(probes, options.probing));
}

}  // namespace wirelab::raw
