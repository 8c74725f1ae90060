// What the tests of the stack share: each runs once per backend, on loopback with any free port.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lab/stack/opener.hpp"
#include "lab/stack/tcp_server.hpp"
#include "tests/loop/selector_fixture.hpp"

namespace wirelab::testing {

using namespace std::chrono_literals;

const Endpoint loopback{Ipv4(127, 0, 0, 1), Port{0}};

struct StackTest : SelectorTest {
  // Plain sockets are not in the loop: it turns every millisecond, so that `met` may look at them.
  bool until(const std::function<bool()>& met) {
    const auto deadline = now() + soon;
    while (!met()) {
      if (now() > deadline) return false;
      loop.turn(1ms);
    }
    return true;
  }
};

// A plain blocking-free socket that is connected to `endpoint`: the peer of a server under test.
inline UniqueFd plain_client(const Endpoint& endpoint) {
  auto socket = inet_socket(SOCK_STREAM);
  connect_to(socket.get(), endpoint);
  return socket;
}

inline void reset_by(UniqueFd& socket) {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  socket.reset();
}

// What a plain socket has received so far, and how it ended: 0 by FIN, else errno.
struct Reader {
  std::string text;
  std::optional<int> end;

  void read(int fd) {
    char buffer[65536];
    while (!end) {
      const auto count = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) {
        end = count == 0 ? 0 : errno;
      } else {
        text.append(buffer, static_cast<std::size_t>(count));
      }
    }
  }
};

// Remembers what a server tells. It echoes if `echo` is set.
struct Recorder {
  using ClientId = TcpServer::ClientId;

  TcpServer::Events events() {
    return {.on_open =
                [this](ClientId id, const Endpoint& peer) {
                  ids.push_back(id);
                  peers[id] = peer;
                },
            .on_data =
                [this](ClientId id, ByteView bytes) {
                  received[id] += as_text(bytes);
                  if (echo) echo->send(id, bytes);
                },
            .on_end = {},
            .on_close = [this](ClientId id, const CloseReason& reason) { closed[id] = reason; }};
  }
  TcpServer* echo = nullptr;
  std::vector<ClientId> ids;  // in the order of opening
  std::map<ClientId, Endpoint> peers;
  std::map<ClientId, std::string> received;
  std::map<ClientId, CloseReason> closed;
};

// Text in which a byte out of place is noticed.
inline std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (auto& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

}  // namespace wirelab::testing
