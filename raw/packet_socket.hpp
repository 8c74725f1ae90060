// PacketSocket: whole Ethernet frames on one interface (AF_PACKET). Public.
//
// Opened at once, in the network namespace of the calling thread. Sending goes through the queueing discipline like the
// kernel's own packets (never PACKET_QDISC_BYPASS), so that a capture on the interface sees what is sent. Without a
// filter the socket only sends: it is bound to no protocol, because an unread socket that takes in every packet costs
// each of them a quarter of a microsecond.
#pragma once

#include <optional>
#include <string>

#include "lab/base/clock.hpp"
#include "lab/base/unique_fd.hpp"
#include "raw/filter.hpp"
#include "raw/interface.hpp"
#include "raw/packet.hpp"
#include "raw/place.hpp"

namespace wirelab::raw {

struct FrameArrival {
  ByteView frame;  // into the socket's buffer, until the next one is received
  Stamp stamp{};   // when the kernel took it in
};

class PacketSocket {
 public:
  // Receives what `filter` lets in of what comes to the interface, nothing that leaves it; with an empty one nothing.
  // Throws Denied, BadInput (no such interface, or none that carries Ethernet frames) or std::system_error.
  PacketSocket(const std::string& interface, Witness witness, Filter filter = {});

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const Interface& interface() const { return interface_; }
  // A whole frame; the witness is told first. Returns the time just before the kernel got it. Throws std::system_error,
  // for a frame over the MTU with EMSGSIZE.
  Stamp send(ByteView frame);
  // The same, but nothing if the kernel has no room for it now (EAGAIN, ENOBUFS): offer it again later.
  std::optional<Stamp> offer(ByteView frame);
  // Nothing if nothing is there.
  std::optional<FrameArrival> receive();

  // Asks for that much room for what waits to be received; the kernel gives the unprivileged less.
  void enlarge_buffer(int bytes);
  // How many packets that the filter let in were lost since the last call, because that room was full.
  std::uint64_t take_drops();

 private:
  Interface interface_;
  Witness witness_;
  UniqueFd fd_;
  Bytes buffer_;
};

}  // namespace wirelab::raw
