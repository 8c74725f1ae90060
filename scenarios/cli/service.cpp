#include "scenarios/cli/service.hpp"

#include <fmt/format.h>

namespace wirelab::cli {

void ServiceTeller::tell(const nlohmann::json& object, std::string_view line) const {
  if (output_.quiet()) return;
  output_.object(object);
  output_.line(line);
  output_.flush();
}

void ServiceTeller::joined(ClientId client, const Endpoint& peer) {
  peers_[client] = peer;
  tell({{"type", "joined"}, {"client", client}, {"peer", peer.to_string()}}, fmt::format("{} joined", peer));
}

void ServiceTeller::left(ClientId client, const CloseReason& reason) {
  const auto name = peer(client);
  tell({{"type", "left"}, {"client", client}, {"peer", name}, {"reason", reason.to_string()}},
       fmt::format("{} left ({})", name, reason.to_string()));
  peers_.erase(client);
}

void ServiceTeller::malformed(ClientId client, std::string_view what, std::uint64_t offset) const {
  const auto name = peer(client);
  tell({{"type", "malformed"}, {"client", client}, {"peer", name}, {"reason", what}, {"offset", offset}},
       fmt::format("{} is wrong: {} (byte {})", name, what, offset));
}

std::string ServiceTeller::peer(ClientId client) const {
  const auto found = peers_.find(client);
  return found == peers_.end() ? "" : found->second.to_string();
}

}  // namespace wirelab::cli
