// Tap: everything that passes one interface, by libpcap. Public.
//
// A tap is opened inside the namespace of its interface and read by whoever owns it, as a rule from the one loop. It is
// ready when its constructor returns: libpcap maps the ring first and binds the socket last, and from the bind on the
// kernel hands it every frame, so nothing that is sent afterwards is missed. It is promiscuous and sees both
// directions.
//
// The kernel keeps what has not been read in a ring, in one of two ways:
//
//   at once   a slot of the snapshot length for a frame: seen 12 us after it passed; 4 MiB keep 2600 frames at an MTU
//             of 1500, whatever their size and however long nobody reads
//   held      blocks of 256 KiB, each given away when it is full or `hold` old: cheapest at high rates, and 4 MiB keep
//             24,000 small frames of a burst. But a block that was given away is taken, be there one frame in it: of a
//             frame each millisecond with 2 ms of hold they keep the first 26 and lose the rest
//
// So a lab, whose loop also plays the story, takes frames at once, and a tap on a flood holds them in a large ring.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "capture/pcapng_writer.hpp"
#include "lab/net/network.hpp"

struct pcap;

namespace wirelab::capture {

class Tap {
 public:
  struct Options {
    std::size_t buffer = std::size_t{4} << 20;  // of the ring, in bytes of kernel memory
    std::chrono::milliseconds hold{0};          // how long the kernel may hold a frame back; 0: at once
    std::uint32_t snap_length = 0;              // the most bytes kept of a frame; 0: whole frames
    std::chrono::milliseconds patience{1000};   // the longest that drain() takes
  };
  using Sink = std::function<void(const PacketView&)>;

  // On an interface of a lab's host, called "A:eth0". `index` is its number in the trace.
  Tap(const Host& host, std::string_view interface, std::size_t index, const Options& options);
  // On an interface in the namespace of the calling thread, with its MAC and its MTU in bytes. Throws Denied without
  // the privilege, BadInput if there is no such interface, std::runtime_error with libpcap's words for all else.
  Tap(const std::string& interface, const Mac& mac, std::uint32_t mtu, const Options& options);

  // Readable when frames wait.
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const TapInfo& info() const { return info_; }

  // Hands `sink` what waits now, but at most `limit` packets, and returns how many there were; the bytes are valid
  // during the call. Where it stops at the limit, fd() need not become readable for the rest: read again. Throws what
  // the sink throws, and std::runtime_error if the interface is gone.
  //
  // The direction follows from the MACs: what carries this interface's as source went out, all else came in.
  std::size_t read(const Sink& sink, int limit = 4096);
  // True if all that the kernel has captured so far has been read.
  [[nodiscard]] bool is_dry();
  // Reads until all that was captured before the call has been handed on, waiting for the kernel as long as it takes,
  // but no longer than the options' patience. What it leaves unread then counts as dropped.
  void drain(const Sink& sink);
  // Up to now; the end is now. Dropped is what the full ring lost, and what drain() left unread.
  [[nodiscard]] TapStatistics statistics();

 private:
  struct Close {
    void operator()(pcap* handle) const;
  };
  void open(const std::string& interface, const Options& options);
  void count();
  [[nodiscard]] std::uint32_t unread() const;

  TapInfo info_;
  Mac mac_;
  std::size_t index_ = 0;
  std::chrono::milliseconds patience_{};
  Stamp started_{};
  std::unique_ptr<pcap, Close> handle_;
  int fd_ = -1;
  // libpcap's counters are 32 bits wide and turn over; so does what is compared with them.
  std::uint32_t read_ = 0;
  std::uint32_t received_ = 0;  // and dropped
  std::uint32_t dropped_ = 0;
  std::optional<std::uint32_t> due_;  // what drain() has to reach: received_ when it was called
};

}  // namespace wirelab::capture
