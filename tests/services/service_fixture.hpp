// A service on loopback and the plain peers that it has, all in one loop.
#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <string_view>

#include "tests/services/plain_peer.hpp"

namespace wirelab::testing {

struct ServiceTest : StackTest {
  // Turns the loop and all peers until `met`.
  bool meanwhile(const std::function<bool()>& met) {
    const auto limit = now() + soon;
    while (!met() && now() < limit) {
      for (auto& one : peers) one.turn();
      loop.turn(1ms);
    }
    return met();
  }
  bool hears(const PlainPeer& one, std::string_view message) {
    return meanwhile([&] { return std::ranges::find(one.heard, message) != one.heard.end(); });
  }
  bool ends(const PlainPeer& one) {
    return meanwhile([&] { return one.end.has_value(); });
  }

  // Little room in the kernel, so that what waits soon waits in the service.
  Opener opener = [](Transport transport, const Endpoint& local) {
    auto socket = open_here(transport, local);
    const int small = 4096;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    return socket;
  };
  std::list<PlainPeer> peers;
};

}  // namespace wirelab::testing
