#include "raw/arp_scan.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "raw/arp.hpp"
#include "raw/probe_filter.hpp"

namespace wirelab::raw {
namespace {

constexpr std::size_t target_at = ethernet_header_size + 24;

// Every address of a range but our own.
class ArpProbes : public Probes {
 public:
  ArpProbes(const Identity& self, const Prefix& range)
      : self_(self), own_(self.address.v4().number()), first_(range.host(1).v4().number()), frame_(question(self)) {
    owners_.resize(range.hosts() - (own_ - first_ < range.hosts() ? 1 : 0));
  }

  [[nodiscard]] std::size_t count() const override { return owners_.size(); }

  ByteView frame(std::size_t index) override {
    store_be32(&frame_[target_at], address(index));
    return frame_;
  }

  std::optional<std::size_t> answered(const FrameArrival& arrival) override {
    const auto arp = parse_arp(arrival.frame);
    if (!arp || arp->operation != ArpOperation::reply || arp->target_ip != self_.address.v4()) return std::nullopt;
    const auto index = index_of(arp->sender_ip.number());
    if (index >= owners_.size()) return std::nullopt;
    auto& macs = owners_[index];
    if (std::ranges::find(macs, arp->sender_mac) == macs.end()) macs.push_back(arp->sender_mac);
    return index;
  }

  [[nodiscard]] ArpEntry entry(std::size_t index, const Probed& probed) const {
    const auto& macs = owners_[index];
    return {.address = Ipv4::from_number(address(index)),
            .mac = macs.front(),
            .others = {macs.begin() + 1, macs.end()},
            .attempts = probed.attempts,
            .rtt = probed.rtt()};
  }

 private:
  // The own address is no question: those after it move up by one.
  [[nodiscard]] std::uint32_t address(std::size_t index) const {
    const auto number = first_ + static_cast<std::uint32_t>(index);
    return own_ >= first_ && number >= own_ ? number + 1 : number;
  }
  [[nodiscard]] std::size_t index_of(std::uint32_t number) const {
    if (number == own_ || number < first_) return owners_.size();
    return number - first_ - (own_ >= first_ && number > own_ ? 1U : 0U);
  }
  static Bytes question(const Identity& self) {
    return arp_frame({.operation = ArpOperation::request,
                      .sender_mac = self.mac,
                      .sender_ip = self.address.v4(),
                      .target_mac = {},
                      .target_ip = {}},
                     Mac::broadcast());
  }

  Identity self_;
  std::uint32_t own_, first_;
  Bytes frame_;
  std::vector<std::vector<Mac>> owners_;  // by question: everybody who answered
};

}  // namespace

ArpScanReport arp_scan(const Place& place, const Prefix& range, const ArpScanOptions& options) {
  if (range.address().is_v6() || range.hosts() > largest_range)
    throw BadInput(fmt::format("{} cannot be scanned by ARP\ngive an IPv4 range of at most a /16", range));
  const auto hop = route_of(place, range.host(range.hosts()), options.way);
  ArpProbes probes(hop.self, range);
  Prober prober(place, hop.interface.name, arp_replies());
  ArpScanReport report{.source = hop.self, .entries = {}, .probing = prober.run(probes, options.probing)};
  for (std::size_t i = 0; i < probes.count(); ++i) {
    const auto& probed = report.probing.probes[i];
    if (probed.answered) report.entries.push_back(probes.entry(i, probed));
  }
  return report;
}

}  // namespace wirelab::raw
