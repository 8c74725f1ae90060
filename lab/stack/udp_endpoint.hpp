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

// A datagram that came, with what the kernel knows of its way.
struct Datagram {
  Endpoint source;
  IpAddress destination;   // of this host's addresses the one that it was sent to; in IPv6 it may be a group's
  unsigned ttl = 0;        // as it arrived: TTL, or hop limit
  bool truncated = false;  // it was longer than `bytes`
  Stamp stamp{};           // the kernel's, of its arrival
  ByteView bytes;          // good during the call; may be empty: an empty datagram is data
};

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
    std::function<void(const Datagram&)> on_datagram;
    std::function<void(const UdpError&)> on_error;
  };

  struct Options {
    std::size_t receive_size = 65535;  // in bytes: longer datagrams are truncated
  };

  // Throws std::system_error if `local` cannot be had.
  UdpEndpoint(Selector& loop, const Opener& opener, const Endpoint& local, Events events)
      : UdpEndpoint(loop, opener, local, std::move(events), Options{}) {}
  UdpEndpoint(Selector& loop, const Opener& opener, const Endpoint& local, Events events, const Options& options);
  ~UdpEndpoint() { loop_.remove(token_); }
  UdpEndpoint(const UdpEndpoint&) = delete;
  UdpEndpoint& operator=(const UdpEndpoint&) = delete;

  [[nodiscard]] const Endpoint& local() const { return local_; }
  // Empty if the kernel took the datagram. Nothing is queued here: EAGAIN means that the socket's buffer is full, and
  // the datagram is lost as on any full link. `source` chooses among this host's addresses, so that an answer comes
  // from the address that was asked.
  std::error_code send_to(const Endpoint& destination, ByteView datagram,
                          const std::optional<IpAddress>& source = std::nullopt);

 private:
  void on_ready(Ready ready);
  bool receive_one();
  bool receive_error();

  Selector& loop_;
  Events events_;
  std::size_t receive_size_;
  UniqueFd socket_;
  Endpoint local_;
  Selector::Token token_;
};

}  // namespace wirelab
