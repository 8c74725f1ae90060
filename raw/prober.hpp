// Prober: asks many questions at once, and asks again what nobody answered. Public.
//
// What is asked and what counts as an answer is a Probes: ports of a host, addresses of a range, hops of a route. The
// prober sends 32 frames, reads what came back, turns the loop once so that taps and servers go on, and so forth; then
// it waits as long as the answers so far suggest, and begins again with those that stayed silent.
//
// Silence means that nobody answered. What got lost because our own socket's buffer was full is no silence: the prober
// learns of it from the kernel, slows down, and the round does not count as one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "raw/packet_socket.hpp"
#include "raw/watch.hpp"

namespace wirelab::raw {

class Probes {
 public:
  virtual ~Probes() = default;
  [[nodiscard]] virtual std::size_t count() const = 0;
  // The whole frame that asks question `index`, from 0; valid until the next call.
  virtual ByteView frame(std::size_t index) = 0;
  // Which question a frame answers; nothing if none. Called for every frame that the filter lets in, also for a second
  // answer to the same question.
  virtual std::optional<std::size_t> answered(const FrameArrival& arrival) = 0;
  // True when what is still unanswered need not be asked any more.
  [[nodiscard]] virtual bool settled() const { return false; }
};

struct ProbeOptions {
  unsigned attempts = 3;                               // how often a question is asked, at least 1
  double rate = 1'000'000;                             // frames a second, at most; above zero
  Duration patience = std::chrono::milliseconds(300);  // the longest wait for answers after each asking
  Duration linger{};                             // how long a second answer is waited for, after the last first one
  Duration deadline = std::chrono::seconds(60);  // for everything
};

// How one question fared.
struct Probed {
  Stamp sent{};      // the last time, just before the kernel got it
  Stamp received{};  // when the kernel took in the first answer
  std::uint8_t attempts = 0;
  bool answered = false;
  // Meant for one attempt: with more, the answer may belong to an earlier one.
  [[nodiscard]] Duration rtt() const { return received - sent; }
};

struct ProbeReport {
  std::vector<Probed> probes;    // by question
  std::uint64_t sent = 0;        // frames
  std::uint64_t answered = 0;    // questions
  std::uint64_t duplicates = 0;  // further answers to what had been answered
  std::uint64_t dropped = 0;     // lost in our own buffer, and made good for
  std::uint64_t refused = 0;     // times that the kernel had no room for a frame
  Duration elapsed{};
  bool cut_short = false;  // the deadline came before every question had its attempts
};

class Prober {
 public:
  static constexpr int large_buffer = 16 << 20;

  // Opens its socket at once; `filter` lets in what may be an answer. `buffer` is the room for answers that wait, in
  // bytes, as far as the kernel grants it. Throws as PacketSocket does.
  Prober(const Place& place, const std::string& interface, Filter filter, int buffer = large_buffer);

  // Turns the loop until every question is answered or was asked often enough, or the deadline comes. Throws
  // std::system_error, std::logic_error for options out of range or inside a callback of the loop.
  ProbeReport run(Probes& probes, const ProbeOptions& options);
  // Sends one frame more, as a last word to somebody who answered.
  void send(ByteView frame) { socket_.offer(frame); }

 private:
  class Run;

  Selector& loop_;
  PacketSocket socket_;
  std::function<void()> on_readable_;
  Watch watch_;
};

}  // namespace wirelab::raw
