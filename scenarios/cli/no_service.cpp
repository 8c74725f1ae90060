#include "scenarios/cli/no_service.hpp"

#include <utility>

#include <fmt/format.h>

#include "lab/services/ports.hpp"
#include "scenarios/cli/quantity.hpp"

namespace wirelab::cli {

const SoughtService chat_room_sought{"chat room", "wirelab serve chat", chat_port};
const SoughtService registry_sought{"registry", "wirelab serve registry", registry_port};

namespace {

// Something is there, and is not, or does not seem to be, what was looked for.
enum class Found : std::uint8_t { nothing, another, silence, an_end };

Found found_by(const CloseReason& reason) {
  if (reason.cause == CloseCause::idle) return Found::silence;
  if (reason.cause == CloseCause::finished || reason.error == std::errc::connection_reset) return Found::an_end;
  return reason.error == std::errc::protocol_error ? Found::another : Found::nothing;
}

}  // namespace

std::string why_not_found(const SoughtService& sought, const Endpoint& place, const CloseReason& reason) {
  switch (found_by(reason)) {
    case Found::another:
      return fmt::format("{} answered, but not like a {}", place, sought.what);
    case Found::silence:
      return fmt::format("{} takes connections, but does not answer like a {}", place, sought.what);
    case Found::an_end:
      return fmt::format("{} ended the connection before it answered like a {}", place, sought.what);
    case Found::nothing:
      break;
  }
  return fmt::format("no {} at {}: {}", sought.what, place, reason.to_string());
}

Failure no_service(const SoughtService& sought, const Endpoint& place, const CloseReason& reason) {
  const bool nothing = found_by(reason) == Found::nothing;
  auto next = nothing ? fmt::format("start one with: {}", sought.command)
                      : fmt::format("is that the right port? {} serves one, at port {} unless told otherwise",
                                    sought.command, sought.port);
  return {ExitCode::no_answer, "no-answer", why_not_found(sought, place, reason), std::move(next)};
}

std::string RetryTalk::next(const CloseReason& reason, Duration pause) {
  if (pause == longest_) {
    longest_ = Duration::max();
    return fmt::format("still no {} at {}; trying on, every {}", sought_.what, place_, pause_text(pause));
  }
  if (pause < longest_) return "";
  longest_ = pause;
  const auto what = std::exchange(was_there_, false) ? fmt::format("the {} at {} is gone", sought_.what, place_)
                                                     : why_not_found(sought_, place_, reason);
  return fmt::format("{}; trying again in {}", what, pause_text(pause));
}

}  // namespace wirelab::cli
