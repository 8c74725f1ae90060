#include "scenarios/openers.hpp"

#include <utility>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"

namespace wirelab::scenarios {

Opener with_buffers(Opener opener, std::initializer_list<int> which, int bytes) {
  return [opener = std::move(opener), which = std::vector(which), bytes](Transport transport, const Endpoint& local) {
    auto socket = opener(transport, local);
    for (const int buffer : which)
      check_errno(::setsockopt(socket.get(), SOL_SOCKET, buffer, &bytes, sizeof bytes), "set a buffer's size");
    return socket;
  };
}

Opener Power::watch(Opener opener) {
  return [this, opener = std::move(opener)](Transport transport, const Endpoint& local) {
    auto socket = opener(transport, local);
    socket_.reset(check_errno(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0), "keep a socket"));
    return socket;
  };
}

// In TCP_REPAIR closing sends nothing (tcp(7)).
void Power::fail() {
  const int on = 1;
  check_errno(::setsockopt(socket_.get(), IPPROTO_TCP, TCP_REPAIR, &on, sizeof on), "take a connection's power");
  socket_.reset();
}

}  // namespace wirelab::scenarios
