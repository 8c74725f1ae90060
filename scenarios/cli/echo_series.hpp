// EchoSeries: one target asked again and again, while an observer at the wire takes the times. What wirelab ping does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "capture/output_file.hpp"
#include "capture/pcapng.hpp"
#include "capture/tap.hpp"
#include "raw/pinger.hpp"
#include "scenarios/cli/exit_code.hpp"
#include "scenarios/cli/output.hpp"

namespace wirelab::cli {

struct EchoPlan {
  std::string target;     // as the user calls it
  std::size_t count = 0;  // of requests
  std::size_t size = 0;   // bytes of data in each
  Duration interval{};    // between a reply, or the end of the patience, and the next request
  Duration patience{};    // for each reply
};

// The tap's own stamps of echo messages, and the trace, if one was asked for.
class EchoObserver {
 public:
  // `file` is empty or where the trace goes; throws as OutputFile does. The loop outlives the observer.
  EchoObserver(Selector& loop, capture::Tap tap, const std::string& file);
  EchoObserver(const EchoObserver&) = delete;
  EchoObserver& operator=(const EchoObserver&) = delete;
  ~EchoObserver();

  // From the request's stamp to the reply's; nothing if the tap does not show both in time. Turns the loop.
  std::optional<Duration> rtt(std::uint16_t identifier, std::uint16_t sequence);
  // Takes what the tap still holds, and closes the trace.
  void finish();

 private:
  using Stamps = std::map<std::pair<std::uint16_t, std::uint16_t>, Stamp>;

  void open(const std::string& file);
  void see(const capture::PacketView& packet);

  Selector& loop_;
  capture::Tap tap_;
  std::optional<capture::OutputFile> file_;
  std::optional<capture::PcapngWriter> writer_;
  capture::Tap::Sink sink_ = [this](const capture::PacketView& packet) { see(packet); };
  Selector::Token token_;
  Stamps requests_, replies_;
};

class EchoSeries {
 public:
  // Opens what it sends with; throws as Pinger does. `interface` is empty for the one that the route names.
  EchoSeries(const Output& output, const EchoPlan& plan, const raw::Place& place, const IpAddress& target,
             std::mt19937_64& random, const std::string& interface);

  // Asks as planned and tells every answer, then the result. However the asking ends, the observer is finished and the
  // result told, before an exception goes on.
  ExitCode play(EchoObserver& observer);

 private:
  void ask(EchoObserver& observer);
  void tell(const raw::Reply& reply, EchoObserver& observer);
  void tell_result() const;

  const Output& output_;
  const EchoPlan& plan_;
  Selector& loop_;
  raw::Pinger pinger_;
  std::size_t sent_ = 0;
  std::size_t answered_ = 0;
};

}  // namespace wirelab::cli
