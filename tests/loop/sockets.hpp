// Descriptors for the tests of the loop: pairs, pipes, and TCP and UDP on loopback with any free port.
#pragma once

#include <string_view>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/base/unique_fd.hpp"

namespace wirelab::testing {

// Two connected descriptors.
struct Pair {
  UniqueFd here;
  UniqueFd there;
};

inline Pair socket_pair(int type = SOCK_STREAM) {
  int fds[2];
  check_errno(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), "socketpair");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// `here` reads what `there` writes.
inline Pair pipe_pair() {
  int fds[2];
  check_errno(::pipe2(fds, O_NONBLOCK | O_CLOEXEC), "pipe");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

inline UniqueFd inet_socket(int type) {
  return UniqueFd(check_errno(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
}

inline Endpoint bind_to_loopback(int fd) {
  const SocketAddress address({Ipv4(127, 0, 0, 1), Port{0}});
  check_errno(::bind(fd, address.data(), address.size()), "bind");
  return local_endpoint(fd);
}

inline int connect_to(int fd, const Endpoint& endpoint) {
  const SocketAddress address(endpoint);
  return ::connect(fd, address.data(), address.size());
}

inline void write_to(int fd, std::string_view text) {
  if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) throw_errno("write");
}

// Reads until nothing is left; how many bytes.
inline std::size_t drain(int fd) {
  char buffer[4096];
  std::size_t total = 0;
  for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0;) total += static_cast<std::size_t>(n);
  return total;
}

// Writes until no more is taken; how many bytes.
inline std::size_t fill(int fd) {
  const char buffer[4096]{};
  std::size_t total = 0;
  for (ssize_t n = 0; (n = ::write(fd, buffer, sizeof buffer)) > 0;) total += static_cast<std::size_t>(n);
  return total;
}

}  // namespace wirelab::testing
