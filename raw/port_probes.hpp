// PortProbes: the questions of a port scan, and how their answers are known. Internal to raw/, pure.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "raw/ip_header.hpp"
#include "raw/prober.hpp"
#include "raw/scan.hpp"
#include "raw/template.hpp"

namespace wirelab::raw {

class PortProbes : public Probes {
 public:
  // `headers` leads to the target. Ports that come twice are asked once.
  PortProbes(ScanKind kind, const Headers& headers, Port source, std::span<const Port> ports, std::mt19937_64& random);

  [[nodiscard]] std::size_t count() const override { return ports_.size(); }
  ByteView frame(std::size_t index) override;
  std::optional<std::size_t> answered(const FrameArrival& arrival) override;

  [[nodiscard]] Port port(std::size_t index) const { return ports_[index]; }
  [[nodiscard]] const std::optional<PortAnswer>& answer(std::size_t index) const { return answers_[index]; }
  // Called for each SYN ACK with a frame that resets what it began; not called if empty.
  std::function<void(ByteView)> on_half_open;

 private:
  std::optional<std::size_t> read_tcp(ByteView packet, Stamp when);
  std::optional<std::size_t> read_udp(ByteView packet, Stamp when);
  std::optional<std::size_t> read_icmp(ByteView packet, Stamp when);
  std::optional<std::size_t> keep(Port port, const PortAnswer& answer);
  [[nodiscard]] bool is_from_target(const IpAddress& from, const IpAddress& to) const;

  ScanKind kind_;
  IpAddress self_, target_;
  Port source_;
  std::uint32_t sequence_, acknowledgement_;
  std::uint16_t ip_id_;
  Template probe_, reset_;
  std::vector<Port> ports_;
  std::vector<std::int32_t> index_of_;  // by port; -1: not asked
  std::vector<std::optional<PortAnswer>> answers_;
};

}  // namespace wirelab::raw
