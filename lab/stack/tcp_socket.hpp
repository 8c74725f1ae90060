// What is said to a TCP socket and asked of it, by one call each. The stack's own.
#pragma once

#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace wirelab {

// Messages are sent whole, so there is nothing to gather; waiting would only delay them.
inline void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Closing it will drop what is queued and send RST.
inline void reset_at_close(int socket) {
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

// SO_ERROR, an errno, which is told once.
inline int take_error(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

// Errors after which the call may be tried again.
inline bool is_transient(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace wirelab
