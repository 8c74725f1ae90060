// Raw sockets: the two depths at which the kernel still does the work below. Public.
//
// RawIcmpSocket sends ICMP messages and the kernel makes the IP header; RawIpSocket sends whole IP packets and the
// kernel finds the way and makes the Ethernet header. Both are opened at once, in the network namespace of the calling
// thread, and belong to it from then on. What is about to be sent is told to the witness first; send() returns the time
// just before the kernel got it.
#pragma once

#include <optional>
#include <string>

#include "lab/base/clock.hpp"
#include "lab/base/unique_fd.hpp"
#include "raw/icmp_reply.hpp"
#include "raw/packet.hpp"
#include "raw/place.hpp"

namespace wirelab::raw {

enum class IpVersion { v4, v6 };
constexpr IpVersion version_of(const IpAddress& address) { return address.is_v4() ? IpVersion::v4 : IpVersion::v6; }

// An ICMP message as it arrived; its views point into the socket's buffer and last until the next one is received.
struct IcmpArrival {
  ParsedIcmp icmp;
  Stamp stamp{};  // when the kernel took it in
};

class RawIcmpSocket {
 public:
  // Lets in echo replies and errors only. `interface` binds it to one (SO_BINDTODEVICE); empty: any. Throws Denied,
  // BadInput (no such interface) or std::system_error.
  RawIcmpSocket(IpVersion version, Witness witness, const std::string& interface = {});

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Sends the packet's ICMP message to its destination, with the TTL and the DF bit that its IP header says; all else
  // of that header is the kernel's. Bytes over the interface's MTU are refused with DF (std::system_error, EMSGSIZE);
  // an MTU that the kernel has learned of the path is ignored. For ICMPv6 the kernel reckons the checksum, so that a
  // wrong one throws std::logic_error.
  Stamp send(const Packet& packet);
  // Nothing if nothing is there.
  std::optional<IcmpArrival> receive();

 private:
  void obey_header(const Packet& packet) const;

  IpVersion version_;
  Witness witness_;
  UniqueFd fd_;
  Bytes buffer_;
};

class RawIpSocket {
 public:
  // Sends only. Parameters and errors as above.
  RawIpSocket(IpVersion version, Witness witness, const std::string& interface = {});

  // Sends the packet from its IP header on. The kernel writes the IPv4 header's length and checksum, and its
  // identification if that is 0: with other values than the kernel's this throws std::logic_error, since what was
  // forged would not be what is sent.
  Stamp send(const Packet& packet);

 private:
  IpVersion version_;
  Witness witness_;
  UniqueFd fd_;
};

}  // namespace wirelab::raw
