// FrameSender: many frames in a short time, within stated bounds. Public.
//
//   FrameSender sender(at(lab, "A"), "eth0");
//   const auto done = sender.burst({.count = 10'000, .time = 1s, .rate = 100'000}, [&](std::uint64_t i) {
//     syn.set_source_port(Port{static_cast<std::uint16_t>(1024 + i)});
//     return syn.frame();
//   });
//
// Every sending has three bounds: how many, how long and how fast; none can be left out. Frames go through a plain
// packet socket, whose price is the kernel's own work for a packet: what batches them brings nothing on a virtual
// Ethernet, and what goes around the queueing discipline would be hidden from a capture on this very interface.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "raw/packet_socket.hpp"

namespace wirelab::raw {

// How many frames are due at a time, for a steady rate that makes good for a delay.
struct SendBounds {
  std::uint64_t count = 0;  // frames
  Duration time{};          // from the first one on
  double rate = 0;          // frames a second, at most
  // Throws std::logic_error unless all three are above zero.
  void check() const;
  // Frames that may have left by then; the first one is due at once.
  [[nodiscard]] std::uint64_t due(Duration elapsed) const;
};

struct SendStatistics {
  std::uint64_t sent = 0;
  std::uint64_t refused = 0;  // times that the kernel had no room; the frame was then offered again
  Duration elapsed{};
  [[nodiscard]] double rate() const;  // frames a second
};

class FrameSender {
 public:
  // Gives the frame of that number, from 0; it stays valid until the next call.
  using Next = std::function<ByteView(std::uint64_t)>;

  // Throws as PacketSocket does.
  FrameSender(const Place& place, const std::string& interface);
  ~FrameSender();
  FrameSender(const FrameSender&) = delete;
  FrameSender& operator=(const FrameSender&) = delete;

  [[nodiscard]] const Interface& interface() const { return socket_.interface(); }

  // Sends as fast as the bounds allow and returns when one of them is reached. The loop stands still meanwhile: for a
  // short burst, or a thread of its own. Throws std::system_error.
  SendStatistics burst(const SendBounds& bounds, const Next& next);

  // Sends from the loop, some each millisecond, until a bound is reached or stop() is called; others go on meanwhile.
  // Ends what was started before. An exception of the socket leaves the loop's turn.
  void start(const SendBounds& bounds, Next next);
  void stop();
  [[nodiscard]] bool sending() const { return flow_.has_value(); }
  // Of what was started last.
  [[nodiscard]] const SendStatistics& statistics() const { return statistics_; }

 private:
  struct Flow {
    SendBounds bounds;
    Next next;
    SteadyTime begin;
    Selector::TimerId timer;
  };

  void tick();
  // Sends up to `due`; false where the kernel has no room.
  bool send_until(std::uint64_t due, const Next& next, SendStatistics& statistics);

  Selector& loop_;
  PacketSocket socket_;
  std::optional<Flow> flow_;
  SendStatistics statistics_;
};

}  // namespace wirelab::raw
