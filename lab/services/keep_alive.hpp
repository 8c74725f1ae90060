// keep_alive: sockets that notice when the other machine is gone without a word. A part of the file transfer.
#pragma once

#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lab/stack/opener.hpp"

namespace wirelab {

// A TCP connection on which nothing moves is probed; unanswered it is reset after about a minute. What a listening
// socket accepts inherits that.
inline Opener with_keep_alive(Opener opener) {
  return [opener = std::move(opener)](Transport transport, const Endpoint& local) {
    auto socket = opener(transport, local);
    const auto set = [&](int level, int option, int value) {
      ::setsockopt(socket.get(), level, option, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
    return socket;
  };
}

}  // namespace wirelab
