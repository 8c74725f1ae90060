#include "scenarios/cli/service.hpp"

#include <utility>

#include <fmt/format.h>

namespace wirelab::cli {
namespace {

constexpr PaceLimit wrong_lines{.burst = 100, .interval = std::chrono::milliseconds(200)};

}  // namespace

void ServiceTeller::tell(const nlohmann::json& object, std::string_view line) const {
  if (output_.quiet()) return;
  output_.object(object);
  output_.line(line);
  output_.flush();
}

void ServiceTeller::tell_wrong(const nlohmann::json& object, std::string_view line) {
  const auto now = std::chrono::steady_clock::now();
  if (now < silent_until_) {
    ++omitted_;
    return;
  }
  if (const auto more = std::exchange(omitted_, 0); more > 0)
    tell({{"type", "omitted"}, {"malformed", more}}, fmt::format("and {} more that were wrong", more));
  tell(object, line);
  if (const auto pause = wrongs_.count(wrong_lines, now); pause > pause.zero()) silent_until_ = now + pause;
}

void ServiceTeller::joined(ClientId client, const Endpoint& peer) {
  peers_[client] = {.endpoint = peer};
  tell({{"type", "joined"}, {"client", client}, {"peer", peer.to_string()}}, fmt::format("{} joined", peer));
}

void ServiceTeller::left(ClientId client, const CloseReason& reason) {
  const auto name = peer(client);
  const auto why = why_left(client, reason);
  tell({{"type", "left"}, {"client", client}, {"peer", name}, {"reason", why}}, fmt::format("{} left ({})", name, why));
  peers_.erase(client);
}

// An end in order is the end of what was the reason for it.
std::string ServiceTeller::why_left(ClientId client, const CloseReason& reason) const {
  if (reason.cause == CloseCause::finished) {
    const auto found = peers_.find(client);
    if (found != peers_.end() && found->second.was_wrong) return "malformed";
    if (stopping_) return "the service ended";
  }
  return reason.to_string();
}

void ServiceTeller::malformed(ClientId client, std::string_view what, std::uint64_t offset) {
  const auto name = peer(client);
  if (const auto found = peers_.find(client); found != peers_.end()) found->second.was_wrong = true;
  tell_wrong({{"type", "malformed"}, {"client", client}, {"peer", name}, {"reason", what}, {"offset", offset}},
             fmt::format("{} is wrong: {} (byte {})", name, what, offset));
}

std::string ServiceTeller::peer(ClientId client) const {
  const auto found = peers_.find(client);
  return found == peers_.end() ? "" : found->second.endpoint.to_string();
}

}  // namespace wirelab::cli
