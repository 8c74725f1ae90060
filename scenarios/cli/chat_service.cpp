// wirelab serve chat.
#include <fmt/format.h>

#include "lab/services/chat.hpp"
#include "lab/services/name.hpp"
#include "scenarios/cli/service.hpp"

namespace wirelab::cli {
namespace {

ChatRoom::Options chat_options(const ServiceOptions& chosen) {
  ChatRoom::Options options;
  if (chosen.message_limit) options.frame_limit = *chosen.message_limit;
  if (chosen.max_clients) options.max_clients = *chosen.max_clients;
  return options;
}

class Chat : public Service {
 public:
  Chat(Selector& loop, const Output& output, const ServiceOptions& options)
      : teller_(output), room_(loop, open_here, options.listen, events(), chat_options(options)) {}

  [[nodiscard]] Endpoint local() const override { return room_.local(); }
  void stop(std::function<void()> stopped) override { room_.stop(std::move(stopped)); }
  [[nodiscard]] nlohmann::json counts() const override {
    const auto& stats = room_.stats();
    return {{"messages", stats.said}, {"malformed", stats.malformed},   {"joined", stats.joined},
            {"left", stats.left},     {"refused_names", stats.refused}, {"delivered", stats.delivered},
            {"slow", stats.slow},     {"silent", stats.silent},         {"held_up", room_.held_up()}};
  }
  [[nodiscard]] const TcpServer& tcp() const override { return room_.tcp(); }

 private:
  ChatRoom::Events events() {
    return {.on_join =
                [this](const std::string& name, const Endpoint& peer) {
                  teller_.tell({{"type", "joined"}, {"name", name}, {"peer", peer.to_string()}},
                               fmt::format("{} joined from {}", printable(name), peer));
                },
            .on_say =
                [this](const std::string& name, std::string_view text) {
                  if (!teller_.verbose()) return;  // what people say is theirs
                  teller_.tell({{"type", "said"}, {"name", name}, {"text", text}},
                               fmt::format("{}: {}", printable(name), printable(text)));
                },
            .on_leave =
                [this](const std::string& name, std::string_view why) {
                  const auto reason = why == "ended" ? "the room ended" : why;
                  teller_.tell({{"type", "left"}, {"name", name}, {"why", why}},
                               fmt::format("{} left ({})", printable(name), reason));
                },
            .on_refuse = [this](const Endpoint& peer, std::string_view name,
                                std::string_view why) { refused(peer, name, why); },
            .on_error =
                [this](const Endpoint& peer, std::string_view why) {
                  teller_.tell_wrong({{"type", "malformed"}, {"peer", peer.to_string()}, {"reason", why}},
                                     fmt::format("{} is wrong: {}", peer, printable(why)));
                }};
  }

  void refused(const Endpoint& peer, std::string_view name, std::string_view why) {
    const auto* reason = "is in the room already";
    if (why == "taken") reason = "the name is taken";
    if (why == "name") reason = "nobody can be called so";
    teller_.tell_wrong({{"type", "refused"}, {"peer", peer.to_string()}, {"name", name}, {"why", why}},
                       fmt::format("{} may not join as '{}': {}", peer, quoted(name), reason));
  }

  ServiceTeller teller_;
  ChatRoom room_;
};

}  // namespace

std::unique_ptr<Service> chat_service(Selector& loop, const Output& output, const ServiceOptions& options) {
  return std::make_unique<Chat>(loop, output, options);
}

}  // namespace wirelab::cli
