// Conversation: framed messages that two hosts exchange through the reference stack, over TCP and UDP, while a story
// does something beside it. Public; the stage outlives it.
#pragma once

#include <string_view>

#include "lab/services/echo.hpp"
#include "scenarios/stage.hpp"

namespace wirelab::scenarios {

class Conversation {
 public:
  // From now on `server` serves echo, for as long as the lab is up, and `client` says one message after the other.
  // Both have been answered when it returns; throws Unmet if that does not come about.
  Conversation(Stage& stage, std::string_view client, std::string_view server);

  // Ends it, and adds to the verdict: both sides end TCP in order, and every message came back unchanged.
  void finish();

 private:
  [[nodiscard]] const capture::Packet* ever_seen(const capture::Trace::Fits& fits) const;
  void check_all_came_back(std::string_view transport, const EchoClient& client, Evidence evidence);

  Stage& stage_;
  std::string tap_;  // the client's
  Endpoint service_;
  EchoClient tcp_;
  Endpoint tcp_socket_;
  EchoClient udp_;
  Endpoint udp_socket_;
};

}  // namespace wirelab::scenarios
