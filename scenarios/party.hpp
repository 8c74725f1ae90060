// Party: one end of a TCP connection, with what a tap shows of the talk: what this end said, and what it heard. Public;
// a value; the stage outlives it.
//
//   const Party bob(stage, "B", bob_socket, room);
//   stage.check("...", true, {bob.said("type:exit"), bob.heard(look_for::is_fin)});
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "scenarios/stage.hpp"

namespace wirelab::scenarios {

class Party {
 public:
  using Fits = std::function<bool(const capture::Tcp&)>;

  // The connection's end in `host`, as that host's own tap sees it.
  Party(Stage& stage, std::string_view host, const Endpoint& own, const Endpoint& other);

  [[nodiscard]] const Endpoint& own() const { return own_; }
  [[nodiscard]] const Endpoint& other() const { return other_; }
  // The same, as another host's tap sees it.
  [[nodiscard]] Party as_seen_at(std::string_view host) const { return {*stage_, host, own_, other_}; }

  // The first such segment since the scene began, awaited as Stage::seen does: to the other end, and from it.
  [[nodiscard]] const capture::Packet* said(const Fits& fits) const;
  [[nodiscard]] const capture::Packet* heard(const Fits& fits) const;
  // One whose payload holds that text, whole.
  [[nodiscard]] const capture::Packet* said(std::string_view text) const;
  [[nodiscard]] const capture::Packet* heard(std::string_view text) const;
  // All segments of the connection since the scene began, either way, that are in the trace so far.
  [[nodiscard]] Evidence all() const;

 private:
  Stage* stage_;
  std::string tap_;
  Endpoint own_, other_;
};

// Where a host's program that opened a socket last speaks from. Throws std::logic_error if none has.
Endpoint latest_socket(const Stage& stage, std::string_view host);

}  // namespace wirelab::scenarios
