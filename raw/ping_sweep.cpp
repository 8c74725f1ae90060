#include "raw/ping_sweep.hpp"

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "raw/icmp.hpp"
#include "raw/icmp_reply.hpp"
#include "raw/patch.hpp"
#include "raw/probe_filter.hpp"
#include "raw/template.hpp"

namespace wirelab::raw {
namespace {

constexpr std::string_view data = "wirelab ";

struct Target {
  Ipv4 address;
  Mac next_hop;
};

class EchoProbes : public Probes {
 public:
  EchoProbes(const Identity& self, std::uint16_t identifier, std::vector<Target> targets)
      : identifier_(identifier), targets_(std::move(targets)), ttls_(targets_.size()), request_(make(self)) {}

  [[nodiscard]] std::size_t count() const override { return targets_.size(); }

  ByteView frame(std::size_t index) override {
    request_.set_link_destination(targets_[index].next_hop);
    request_.set_destination(targets_[index].address);
    request_.set_echo(identifier_, static_cast<std::uint16_t>(index));
    ip_id_ = next_ip_id(ip_id_);
    request_.set_ip_id(ip_id_);
    return request_.frame();
  }

  std::optional<std::size_t> answered(const FrameArrival& arrival) override {
    if (arrival.frame.size() < ethernet_header_size) return std::nullopt;
    const auto parsed = parse_icmp(arrival.frame.subspan(ethernet_header_size));
    const auto* const message = std::get_if<IcmpMessage>(&parsed);
    if (message == nullptr || message->kind != ReplyKind::echo_reply || message->identifier != identifier_)
      return std::nullopt;
    const std::size_t index = message->sequence;
    if (index >= targets_.size() || message->from != IpAddress(targets_[index].address)) return std::nullopt;
    if (as_text(message->payload) != data) return std::nullopt;
    ttls_[index] = message->ttl;
    return index;
  }

  [[nodiscard]] SweepEntry entry(std::size_t index, const Probed& probed) const {
    return {.address = targets_[index].address, .ttl = ttls_[index], .attempts = probed.attempts, .rtt = probed.rtt()};
  }

 private:
  static Template make(const Identity& self) {
    const Headers headers{.source = self.address, .destination = Ipv4{}, .ethernet_source = self.mac};
    return Template(echo_request(headers, {.payload = as_bytes(data)}));
  }

  std::uint16_t identifier_;
  std::uint16_t ip_id_ = 0;
  std::vector<Target> targets_;
  std::vector<std::uint8_t> ttls_;
  Template request_;
};

// Behind a router all go by its MAC; on the own link only to those who told theirs.
std::vector<Target> find_targets(const Place& place, const Prefix& range, const NextHop& way,
                                 const SweepOptions& options) {
  std::vector<Target> targets;
  const auto last = range.host(range.hosts());
  if (way.address == last) {
    ArpScanOptions arp;
    arp.way = options.way;
    arp.probing.rate = options.probing.rate;
    arp.probing.deadline = options.probing.deadline;
    for (const auto& entry : arp_scan(place, range, arp).entries) targets.push_back({entry.address, entry.mac});
    return targets;
  }
  const auto hop = find_next_hop(place, last, options.way).headers(last).ethernet_destination;
  const auto first = range.host(1).v4().number();
  for (std::uint32_t i = 0; i < range.hosts(); ++i) targets.push_back({Ipv4::from_number(first + i), hop});
  return targets;
}

}  // namespace

SweepReport ping_sweep(const Place& place, const Prefix& range, std::mt19937_64& random, const SweepOptions& options) {
  if (range.address().is_v6() || range.hosts() > largest_range)
    throw BadInput(fmt::format("{} cannot be swept\ngive an IPv4 range of at most a /16", range));
  const auto way = route_of(place, range.host(range.hosts()), options.way);
  SweepReport report{.source = way.self, .entries = {}, .asked = range.hosts(), .probing = {}};
  report.identifier = static_cast<std::uint16_t>(random());
  EchoProbes probes(way.self, report.identifier, find_targets(place, range, way, options));
  Prober prober(place, way.interface.name, answers_to(way.self.address));
  report.probing = prober.run(probes, options.probing);
  for (std::size_t i = 0; i < probes.count(); ++i) {
    const auto& probed = report.probing.probes[i];
    if (probed.answered) report.entries.push_back(probes.entry(i, probed));
  }
  return report;
}

}  // namespace wirelab::raw
