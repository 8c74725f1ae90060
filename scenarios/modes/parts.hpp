// The two parts of the scenario modes. Internal to it.
#pragma once

#include <string>
#include <vector>

#include "scenarios/modes/lazy_server.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios::modes {

using Rows = std::vector<std::vector<std::string>>;  // of the table that compares the modes

constexpr Duration call_limit = std::chrono::milliseconds(300);  // of the time-out sockets
constexpr Duration patience = std::chrono::seconds(10);          // far above what any call of the story takes

// A connects to a port that is closed, to an address that nobody has, and to a host that drops every SYN.
Rows connect_in_vain(Stage& stage, const Endpoint& closed, const Endpoint& nobody, const Endpoint& silent);
// A connects to the server, receives before there is anything, and sends more than there is room for.
Rows talk(Stage& stage, LazyServer& server);

// About how many bytes the buffers of `talk` hold at each end.
constexpr int small_buffer = 16 << 10;

}  // namespace wirelab::scenarios::modes
