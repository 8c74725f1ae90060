// rtt: how far the round-trip times that ping and trace tell are from those on the wire.
//
//   A ---- wire ---- B     a tap on A's end stamps what goes out and what comes in
//
// The probes know nothing of the tap. Their time runs from the moment before the kernel gets the frame to the kernel's
// stamp of the answer; the wire's from one stamp of the tap to the other.
#include <map>

#include <fmt/format.h>

#include "capture/tap.hpp"
#include "lab/lab.hpp"
#include "lab/net/lab_root.hpp"
#include "raw/pinger.hpp"
#include "raw/trace_route.hpp"
#include "tests/bench/bench.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t icmp_at = 34, sequence_at = icmp_at + 6;
constexpr std::uint8_t echo_request = 8, echo_reply = 0;
constexpr double most_microseconds = 12;

// By sequence number: what the tap says of each round trip.
class Wire {
 public:
  explicit Wire(const Host& host) : tap_(host, "eth0", 0, {.buffer = 16 << 20, .snap_length = 256}) {}

  std::map<std::uint16_t, Duration> round_trips() {
    std::map<std::uint16_t, Stamp> sent;
    std::map<std::uint16_t, Duration> trips;
    tap_.drain([&](const capture::PacketView& packet) {
      if (packet.bytes.size() <= sequence_at + 1 || packet.bytes[23] != 1) return;
      const auto sequence = load_be16(&packet.bytes[sequence_at]);
      if (packet.bytes[icmp_at] == echo_request) sent[sequence] = packet.stamp;
      if (packet.bytes[icmp_at] == echo_reply && sent.contains(sequence))
        trips[sequence] = packet.stamp - sent[sequence];
    });
    return trips;
  }

 private:
  capture::Tap tap_;
};

double microseconds(Duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

bool tell(std::string_view name, const std::vector<double>& errors) {
  if (errors.empty()) throw std::runtime_error("nothing was answered");
  const auto middle = bench::median(errors);
  fmt::print("{:18} {:4} round trips, the median is {:+5.1f} us from the wire's (at most {} wanted)\n", name,
             errors.size(), middle, most_microseconds);
  return std::abs(middle) <= most_microseconds;
}

std::vector<double> ping_errors(Lab& lab, raw::Layer layer, std::uint16_t count) {
  Wire wire(lab.host("A"));
  raw::Pinger ping(raw::at(lab, "A"), lab.address_of("B"), lab.random(), {.layer = layer});
  std::map<std::uint16_t, Duration> told;
  for (std::uint16_t i = 1; i <= count; ++i) {
    ping.send(i);
    if (const auto reply = ping.reply_within(1s)) told[i] = reply->rtt();
  }
  std::vector<double> errors;
  for (const auto& [sequence, trip] : wire.round_trips()) {
    if (told.contains(sequence)) errors.push_back(microseconds(told[sequence] - trip));
  }
  return errors;
}

// One probe at a time, as a trace asks it; several at once would wait for each other in the queue, on the wire too.
std::vector<double> trace_errors(Lab& lab, unsigned count) {
  std::vector<double> errors;
  for (unsigned i = 0; i < count; ++i) {
    Wire wire(lab.host("A"));
    const auto report = raw::trace_route(raw::at(lab, "A"), lab.address_of("B"), lab.random(),
                                         {.max_ttl = 1, .probes = 3, .parallel = 1});
    const auto trips = wire.round_trips();
    const auto& probes = report.hops.at(0).probes;
    for (const auto& [sequence, trip] : trips) {
      const auto& probe = probes.at(sequence - std::size_t{1});
      if (probe.answer) errors.push_back(microseconds(probe.rtt() - trip));
    }
  }
  return errors;
}

int run() {
  become_lab_root();
  Topology topology;
  const auto wire = topology.link("wire", {"10.0.0.0/30"});
  topology.host("A", wire);
  topology.host("B", wire);
  Lab lab(topology);
  bool reached = tell("ping, raw ICMP", ping_errors(lab, raw::Layer::transport, 500));
  reached = tell("ping, raw IP", ping_errors(lab, raw::Layer::network, 500)) && reached;
  reached = tell("ping, frames", ping_errors(lab, raw::Layer::ethernet, 500)) && reached;
  reached = tell("trace", trace_errors(lab, 30)) && reached;
  return reached ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace wirelab

int main() {
  try {
    return wirelab::run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "rtt: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
