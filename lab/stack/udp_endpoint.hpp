// UdpEndpoint: a UDP socket in the loop, which also hears what ICMP says of its datagrams. Public.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <system_error>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "lab/base/unique_fd.hpp"
#include "lab/loop/selector.hpp"
#include "lab/stack/opener.hpp"

namespace wirelab {

// What became of a datagram that was sent before.
struct UdpError {
  std::error_code error;              // "Connection refused" for a closed port
  Endpoint destination;               // of the datagram
  std::optional<IpAddress> reporter;  // who sent the ICMP message; nothing if this host's kernel refused
  std::uint8_t type = 0;              // of the ICMP or ICMPv6 message
  std::uint8_t code = 0;
  std::uint32_t mtu = 0;  // in bytes, where the datagram was too big
};

class UdpEndpoint {
 public:
  // Called from the loop only, and each may be empty. They may not destroy the endpoint.
  struct Events {
    // The view is good during the call, and may be empty: an empty datagram is data.
    std::function<void(const Endpoint& source, ByteView datagram)> on_datagram;
    std::function<void(const UdpError&)> on_error;
  };

  // Throws std::system_error if `local` cannot be had.
  UdpEndpoint(Selector& loop, const Opener& opener, const Endpoint& local, Events events);
  ~UdpEndpoint() { loop_.remove(token_); }
  UdpEndpoint(const UdpEndpoint&) = delete;
  UdpEndpoint& operator=(const UdpEndpoint&) = delete;

  [[nodiscard]] const Endpoint& local() const { return local_; }
  // Empty if the kernel took the datagram. Nothing is queued here: EAGAIN means that the socket's buffer is full, and
  // the datagram is lost as on any full link.
  std::error_code send_to(const Endpoint& destination, ByteView datagram);

 private:
  void on_ready(Ready ready);
  bool receive_one();
  bool receive_error();

  Selector& loop_;
  Events events_;
  UniqueFd socket_;
  Endpoint local_;
  Selector::Token token_;
};

}  // namespace wirelab
