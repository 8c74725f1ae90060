// One datagram with what the kernel says about it. Internal to raw/.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <sys/socket.h>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"
#include "lab/base/clock.hpp"
#include "lab/base/unique_fd.hpp"

namespace wirelab::raw {

struct Received {
  ByteView bytes;  // into the buffer
  Stamp stamp{};   // when the kernel took it in
  sockaddr_storage from{};
  std::uint8_t hop_limit = 0;       // IPv6 sockets that asked for it
  std::optional<Ipv6> destination;  // the same
};

// Opens a non-blocking socket. `what` names it in errors, as "a raw ICMP socket". Throws Denied without the privilege,
// else std::system_error.
UniqueFd open_raw(int family, int type, int protocol, std::string_view what);
// The same, and its packets carry the kernel's stamp (SO_TIMESTAMPNS).
UniqueFd open_stamped(int family, int type, int protocol, std::string_view what);

// Throws std::system_error that names the option.
void set_option(int fd, int level, int option, const void* value, std::size_t size, std::string_view what);
void set_option(int fd, int level, int option, int value, std::string_view what);

// Reads one datagram into `buffer` (what is over is cut off); nothing if none is there. Throws std::system_error.
std::optional<Received> receive_one(int fd, MutableBytes buffer);

}  // namespace wirelab::raw
