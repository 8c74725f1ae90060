// TraceProbes: the questions of a trace, and how their answers are known. Internal to raw/, pure.
#pragma once

#include <random>
#include <vector>

#include "raw/icmp_reply.hpp"
#include "raw/probe_filter.hpp"
#include "raw/template.hpp"
#include "raw/trace_route.hpp"

namespace wirelab::raw {

class TraceProbes : public Probes {
 public:
  // `headers` leads to the target. Questions are numbered hop by hop from TTL 1 on.
  TraceProbes(const Headers& headers, const TraceOptions& options, std::mt19937_64& random);

  // What answers may be addressed to.
  [[nodiscard]] std::uint8_t protocol() const;
  [[nodiscard]] std::optional<PortRange> own_ports() const;
  // The identifier, or the first source port.
  [[nodiscard]] std::uint16_t own_number() const { return own_; }

  // Asks the hops from that TTL on next, `parallel` of them or up to max_ttl.
  void begin(std::uint8_t first_ttl);
  [[nodiscard]] std::uint8_t last_ttl() const { return last_ttl_; }

  [[nodiscard]] std::size_t count() const override;
  ByteView frame(std::size_t index) override;
  std::optional<std::size_t> answered(const FrameArrival& arrival) override;
  // Every probe up to the hop where the trace ends is answered.
  [[nodiscard]] bool settled() const override;

  [[nodiscard]] const std::optional<TraceAnswer>& answer(std::uint8_t ttl, std::size_t probe) const;
  // The nearest hop that was the target, or that said it cannot be reached.
  [[nodiscard]] std::optional<std::uint8_t> end() const;

 private:
  [[nodiscard]] std::size_t serial(std::uint8_t ttl, std::size_t probe) const;
  std::optional<std::size_t> read_icmp(ByteView packet, Stamp when);
  std::optional<std::size_t> read_tcp(ByteView packet, Stamp when);
  std::optional<std::size_t> read_udp(ByteView packet, Stamp when);
  [[nodiscard]] std::optional<std::size_t> serial_of(const IcmpMessage& message) const;
  std::optional<std::size_t> keep(std::size_t serial, const TraceAnswer& answer);

  TraceOptions options_;
  IpAddress self_, target_;
  std::uint16_t own_;     // ICMP: identifier; else the (first) source port
  std::uint16_t theirs_;  // the (first) destination port
  std::uint32_t sequence_;
  Template probe_;
  std::uint8_t first_ttl_ = 1, last_ttl_ = 1;
  std::vector<std::optional<TraceAnswer>> answers_;  // by serial
};

}  // namespace wirelab::raw
