// An echo request by a raw ICMP socket, for tests and benchmarks of the network itself.
#pragma once

#include <array>
#include <chrono>
#include <cstring>
#include <optional>

#include <netinet/in.h>
#include <sys/socket.h>

#include "lab/base/address.hpp"
#include "lab/base/checksum.hpp"
#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/base/unique_fd.hpp"
#include "lab/net/network.hpp"

namespace wirelab {

// Sends one echo request from that host and waits for the reply; the round trip time, or nothing after `limit`.
inline std::optional<std::chrono::nanoseconds> ping(const Host& from, const IpAddress& to,
                                                    std::chrono::milliseconds limit = std::chrono::seconds(2)) {
  const bool v4 = to.is_v4();
  const UniqueFd socket(from.in([&] {
    return check_errno(::socket(family_of(to), SOCK_RAW | SOCK_CLOEXEC, v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}),
                       "raw socket");
  }));
  const timeval patience{.tv_sec = limit.count() / 1000, .tv_usec = limit.count() % 1000 * 1000};
  check_errno(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "set a time limit");

  const std::uint8_t echo = v4 ? 8 : 128;
  const std::uint8_t reply = v4 ? 0 : 129;
  // ICMPv6 checksums are the kernel's work on a raw socket.
  std::array<std::uint8_t, 16> request{echo, 0, 0, 0, 0x12, 0x34, 0, 1, 'w', 'i', 'r', 'e', 'l', 'a', 'b', '!'};
  if (v4) store_be16(&request[2], internet_checksum(request));
  const SocketAddress target({to, Port{0}});
  const auto start = std::chrono::steady_clock::now();
  if (::sendto(socket.get(), request.data(), request.size(), 0, target.data(), target.size()) < 0) return std::nullopt;

  std::array<std::uint8_t, 2048> packet{};
  for (;;) {
    const auto size = ::recv(socket.get(), packet.data(), packet.size(), 0);
    if (size < 0) return std::nullopt;
    const std::size_t header = v4 ? (packet[0] & 0x0FU) * 4 : 0;
    if (static_cast<std::size_t>(size) != header + request.size() || packet[header] != reply) continue;
    if (std::memcmp(&packet[header + 4], &request[4], request.size() - 4) != 0) continue;
    return std::chrono::steady_clock::now() - start;
  }
}

}  // namespace wirelab
