// Relay: carries the frames of emulated links, in a thread of its own. Of lab/net.
//
// An emulated cable is cut in two in the fabric, and the relay sits between the ends:
//
//   A eth0 ══ near ── relay ── far ══ eth0 B        of a link
//   A eth0 ══ near ── relay ── far ══ port of a LAN
//
// A thread, because a story may hold the loop up and a delay must not depend on that; one for all cables of a network,
// asleep while no frame is under way. What becomes of a frame is decided by EmulatedLine. Its delay counts from the
// kernel's stamp, so only the last wake-up adds to it.
//
// The thread holds nothing but descriptors and memory: it ends with the Relay, or with the process however that ends.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "lab/base/unique_fd.hpp"
#include "lab/net/emulated_line.hpp"
#include "lab/net/emulation.hpp"
#include "lab/net/inheriting_mutex.hpp"
#include "lab/net/relay_socket.hpp"

namespace wirelab {

// One end of a cut cable, in the fabric.
struct CutEnd {
  unsigned index = 0;           // of the interface
  std::string host, interface;  // who sends into this end; empty for a switch
  Impairment impairment;        // of what comes in here
};
using CutCable = std::array<CutEnd, 2>;

class Relay {
 public:
  // The interfaces of cut ends, and no others in the fabric, have indexes from here on.
  static constexpr unsigned first_index = 1U << 20;

  // Carries from now on. To be made in the fabric's namespace; `mtu` is the largest of all cables.
  Relay(const std::vector<CutCable>& cables, std::uint32_t mtu, std::uint64_t seed);
  // What is under way is dropped.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // What was done to every frame that has reached a link by now, since the last call; in the order of their arrival.
  std::vector<EmulatedFrame> take_events();
  // By the order of the cables; only ends that hosts send into.
  std::vector<LineCounters> counters();
  // Frames that the relay failed to carry, which no link was meant to drop, and such as it failed to tell of.
  std::uint64_t failures();

 private:
  struct Line {
    EmulatedLine machine;
    unsigned out;  // the interface at which its frames leave
    LineCounters counters;
    std::string link;
  };
  struct Departure {
    SteadyTime when;
    std::uint64_t number = 0;  // of equal times the lower goes first
    unsigned out = 0;
    Bytes frame;
  };

  void add_line(const CutEnd& from, const CutEnd& to, std::uint64_t seed);
  void run();
  // These are called with the lock held.
  std::size_t turn();
  void enter(const RelaySocket::Arrival& arrival);
  void dispatch(Line& line, const RelaySocket::Arrival& arrival, SteadyTime when);
  void tell(Line& line, const RelaySocket::Arrival& arrival, EmulatedFrame::Fate fate);
  void send_due();
  [[nodiscard]] std::optional<SteadyTime> next_departure() const;

  InheritingMutex mutex_;  // of all but what is const
  RelaySocket socket_;
  std::map<unsigned, Line> lines_;     // by the interface at which their frames arrive
  std::vector<Departure> departures_;  // a heap
  std::size_t held_ = 0;               // bytes in departures_
  std::uint64_t numbered_ = 0;
  std::uint64_t failures_ = 0;
  std::vector<EmulatedFrame> events_;
  UniqueFd wake_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace wirelab
