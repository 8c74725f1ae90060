// The servers that echo_cost compares. Each serves the listening socket that it is given and never returns: it runs in
// a process of its own, which is killed at the end.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lab/loop/poller.hpp"

namespace wirelab::bench {

struct EchoContender {
  std::string name;
  std::function<void(int listener)> serve;
};

// The reference stack: bytes as they come (TcpServer), or frame by frame (the echo service).
EchoContender plain_echo(Poller poller);
EchoContender framed_echo(Poller poller);

// The least that can be written: one array, recv, send.
EchoContender minimal_epoll_loop();
EchoContender minimal_select_loop();

// What others make of it. Those that are not installed are left out.
std::vector<EchoContender> opponents();

}  // namespace wirelab::bench
