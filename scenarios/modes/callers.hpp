// Callers: the same socket call in each of the three modes, side by side, and what the wire shows of it. Public.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/modes/socket_call.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios::modes {

class Callers {
 public:
  using TcpFits = bool (*)(const capture::Tcp&);

  // Three TCP sockets of `host`, one a mode; `limit` is that of the time-out socket. The stage outlives them.
  Callers(Stage& stage, std::string_view host, Duration limit);

  [[nodiscard]] Caller& blocking() const { return *callers_[0]; }
  [[nodiscard]] Caller& non_blocking() const { return *callers_[1]; }
  [[nodiscard]] Caller& time_out() const { return *callers_[2]; }
  // Throws std::system_error.
  void set_option(int level, int option, int value) const;

  // Each connects; the non-blocking one waits in the loop until it is writable, and then asks SO_ERROR how it went.
  void connect(const Endpoint& remote);
  void receive();
  // Each sends zeros, as many as it gets rid of at once and at most `size`.
  void send(std::size_t size);
  // Turns the loop until all calls have returned, the non-blocking one's sequel too. Throws Unmet after `limit`.
  void await(Duration limit) const;

  // The first packet of each connection that fits, as the host's own tap saw it: sent, and received. Null where none
  // was seen.
  [[nodiscard]] Evidence sent(TcpFits fits) const;
  [[nodiscard]] Evidence came(TcpFits fits, Stamp since = {}) const;
  // What the host's wire shows of one caller's connection since then: "A [S], S [R.]".
  [[nodiscard]] std::string on_the_wire(const Caller& caller, Stamp since = {}) const;
  // A row for a table: the call, what each mode gave (Outcome::to_string), and the wire.
  [[nodiscard]] std::vector<std::string> row(std::string call, std::string_view done, std::string wire) const;

 private:
  using Each = std::array<std::unique_ptr<Caller>, 3>;  // in the order of Mode

  Stage& stage_;
  std::string host_;
  std::string tap_;
  Endpoint remote_;
  Each callers_;
};

}  // namespace wirelab::scenarios::modes
