#include "raw/tcp_state.hpp"

namespace wirelab::raw {

std::string_view to_string(TcpState state) {
  constexpr std::string_view names[] = {"CLOSED",     "SYN-SENT",   "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
                                        "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",      "LAST-ACK",    "TIME-WAIT"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view to_string(TcpEnd end) {
  constexpr std::string_view names[] = {"closed by both sides",  "refused",
                                        "reset by the peer",     "aborted",
                                        "nobody answered",       "the peer acknowledged nothing",
                                        "the peer sent nothing", "the peer did not close"};
  return names[static_cast<std::size_t>(end)];
}

}  // namespace wirelab::raw
