// What a TCP connection can be in, how it ends, and what happens to it. Public, pure.
#pragma once

#include <string_view>

namespace wirelab::raw {

// RFC 9293, 3.3.2, without LISTEN.
enum class TcpState {
  closed,
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait,
};
std::string_view to_string(TcpState state);  // "FIN-WAIT-1"

// Why a connection is closed.
enum class TcpEnd {
  orderly,         // both sides sent a FIN and know it
  refused,         // a reset answered the SYN
  reset,           // the peer's
  aborted,         // by abort()
  no_connection,   // nobody answered within the limit
  unacknowledged,  // the peer left what was sent unacknowledged
  idle,            // the peer sent nothing
  not_closed,      // the peer did not close in time
};
std::string_view to_string(TcpEnd end);

enum class TcpEvent {
  opened,
  readable,    // read() has more
  peer_ended,  // the peer's FIN: nothing comes after what read() has
  writable,    // send() refused something, and has room again
  closed,      // the last event; end() says why
};

}  // namespace wirelab::raw
