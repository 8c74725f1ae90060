// Trace: all taps of a run in one order, kept in memory and written to files while it runs. Public.
//
//   Trace trace(lab, {.merged = "ping.pcapng"});
//   trace.add_all_taps();
//   trace.start();                                     // what is sent from here on is in the trace
//   ...
//   const auto sent = stamp_now();
//   pinger.send(...);
//   const auto* reply = trace.await([](const Packet&, const Decoded& packet) { ... }, 1s, sent);
//   trace.finish();
//
// Whoever runs a scenario owns the trace; the lab must outlive it. The taps are read by the lab's loop. A packet enters
// the trace as soon as no tap can still hold an earlier one; then it gets its frame number, its id across taps, its
// origin, and the steps of the story that speak of it as comments; what emulated links did to it is a comment too. What
// was written by then is readable whatever happens to the process.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/decode.hpp"
#include "capture/match.hpp"
#include "capture/narration.hpp"
#include "capture/origin.hpp"
#include "capture/tap_set.hpp"
#include "capture/trace_files.hpp"
#include "lab/lab.hpp"

namespace wirelab::capture {

class Trace {
 public:
  struct Options {
    std::string merged;       // a file of all taps; empty: none
    std::string folder;       // a folder with a file a tap, "A-eth0.pcapng"; empty: none
    std::string application;  // the program that writes, with its version
    std::string comment;      // about the run: scenario, seed
    Across across = Across::routers;
    std::size_t buffer = std::size_t{64} << 20;  // kernel memory for all taps together, in bytes
  };
  using Fits = std::function<bool(const Packet&, const Decoded&)>;

  explicit Trace(Lab& lab) : Trace(lab, Options{}) {}
  Trace(Lab& lab, Options options);
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  // Finishes what was started, without a word if that fails: call finish() to know.
  ~Trace();

  // Before start(). Throws std::logic_error for what the lab does not have.
  void add_tap(std::string_view host, std::string_view interface);
  // Every interface of every host, and of a segment without hosts one router's: each packet is seen where it leaves
  // and where it arrives, and each link at least once; emulated links also where routers send into them.
  void add_all_taps();

  // Opens the taps and files, which throw as Tap and OutputFile do. Every packet sent afterwards is seen.
  void start();
  // Turns the loop until a packet with a stamp from `since` on that fits is in the trace: that packet, which stays
  // where it is as long as the trace lives, or null after `limit`.
  const Packet* await(const Fits& fits, Duration limit, Stamp since = {});
  // Drains and closes the taps and completes the files. Packets of the moment are kept; later ones are not seen. Throws
  // std::system_error if a file cannot be written. Does nothing the second time.
  void finish();

  // In the order of their stamps; packets()[n].frame is n + 1.
  [[nodiscard]] const std::deque<Packet>& packets() const { return packets_; }
  // The taps, names and texts, as in the merged file.
  [[nodiscard]] const TraceInfo& info() const { return info_; }
  // What the taps counted, in their order; after finish() of the whole run.
  [[nodiscard]] std::vector<TapStatistics> statistics() { return taps_.statistics(); }
  // Packets that taps had no room for, or no time to read. Zero, or the trace is not to be trusted.
  [[nodiscard]] std::uint64_t lost();

 private:
  enum class State { prepared, running, finished };

  void describe_run();
  void listen_to_steps();
  void enter(std::vector<Packet> packets);
  void enter(Packet packet);
  void correct_direction(Packet& packet, const Journal::Forged* forged) const;
  void hear_links(Stamp until);
  void tell_fate(const EmulatedFrame& frame);
  [[nodiscard]] std::size_t sighting_of(std::uint64_t id, std::optional<std::size_t> tap) const;
  [[nodiscard]] std::size_t complete_until() const;
  void write_until(std::size_t end);

  Lab& lab_;
  Options options_;
  State state_ = State::prepared;
  TraceInfo info_;
  TapSet taps_;
  bool links_tell_;  // the lab has emulated links
  std::deque<Packet> packets_;
  std::vector<std::size_t> first_sightings_;  // the packet with id n was first seen at position [n - 1]
  Matcher matcher_;
  Origins origins_;
  std::shared_ptr<Narration> narration_;
  TraceFiles files_;
  std::size_t heard_ = 0;    // of what the journal tells of emulated links
  std::size_t written_ = 0;  // packets
};

}  // namespace wirelab::capture
