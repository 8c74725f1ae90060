// RelaySocket: one packet socket for all cables whose frames a relay carries. Of lab/net.
//
// It lies in the fabric and belongs to no interface: what arrives at those from `first` on is told apart by the index.
// To close a packet socket takes the kernel some 13 ms, so one a lab is all that a lab can afford. Arrivals lie in a
// ring shared with the kernel, because the buffer that an ordinary user's socket may have is full after 90 frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "lab/base/bytes.hpp"
#include "lab/base/clock.hpp"
#include "lab/base/unique_fd.hpp"

namespace wirelab {

class RelaySocket {
 public:
  struct Arrival {
    unsigned interface = 0;  // index
    Stamp when{};            // by the kernel, as it passed the interface
    ByteView frame;          // valid during the call
  };
  using Sink = std::function<void(const Arrival&)>;

  // Opens in the calling thread's namespace. `first` is the least index of the interfaces meant, `largest` the most
  // bytes of a frame without a VLAN tag.
  RelaySocket(unsigned first, std::size_t largest);
  ~RelaySocket();
  RelaySocket(const RelaySocket&) = delete;
  RelaySocket& operator=(const RelaySocket&) = delete;

  [[nodiscard]] int fd() const { return socket_.get(); }
  // Hands on some of the frames that wait, in the order of their arrival, and returns how many: 0 if none waits.
  std::size_t receive(const Sink& sink);
  // False if the kernel does not take it: the interface is down, or has gone.
  bool send(unsigned interface, ByteView frame) const;
  // Frames that the ring had no room for so far.
  std::uint64_t overrun();

 private:
  void make_ring(std::size_t largest);

  UniqueFd socket_;
  std::size_t slot_ = 0;  // bytes of one in the ring
  std::size_t slots_ = 0;
  std::uint8_t* ring_ = nullptr;
  std::size_t next_ = 0;  // the slot that the kernel fills next
  std::uint64_t overrun_ = 0;
};

}  // namespace wirelab
