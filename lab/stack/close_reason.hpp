// CloseReason: why a TCP connection ended. Public.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>

namespace wirelab {

enum class CloseCause : std::uint8_t {
  finished,         // both sides have sent FIN
  aborted,          // abort() here
  failed,           // by an error: refused, reset, unreachable
  connect_timeout,  // no answer to connect() within the limit
  close_timeout,    // after close() the peer did not take the rest, or did not end, within the limit
  idle,             // nothing came and nothing was taken within the limit
  too_slow,         // the peer let more wait than it may (SlowPeer::disconnect), or was too slow for the protocol
};
struct CloseReason {
  CloseCause cause{};
  std::error_code error;  // of failed
  // "finished", "Connection refused"
  [[nodiscard]] std::string to_string() const;
};

}  // namespace wirelab
