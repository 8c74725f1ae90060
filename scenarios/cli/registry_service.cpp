// wirelab serve registry.
#include <fmt/format.h>

#include "lab/services/registry.hpp"
#include "scenarios/cli/service.hpp"

namespace wirelab::cli {
namespace {

Registry::Options registry_options(const ServiceOptions& chosen) {
  Registry::Options options;
  if (chosen.message_limit) options.frame_limit = *chosen.message_limit;
  if (chosen.max_clients) options.max_clients = *chosen.max_clients;
  return options;
}

class Devices : public Service {
 public:
  Devices(Selector& loop, const Output& output, const ServiceOptions& options)
      : teller_(output), registry_(loop, open_here, options.listen, events(), registry_options(options)) {}

  [[nodiscard]] Endpoint local() const override { return registry_.local(); }
  void stop(std::function<void()> stopped) override { registry_.stop(std::move(stopped)); }
  [[nodiscard]] nlohmann::json counts() const override {
    const auto& stats = registry_.stats();
    return {{"messages", stats.registered + stats.watching},
            {"malformed", stats.malformed},
            {"registered", stats.registered},
            {"watching", stats.watching},
            {"removed", stats.removed},
            {"silent", stats.silent},
            {"held_up", registry_.held_up()}};
  }
  [[nodiscard]] const TcpServer& tcp() const override { return registry_.tcp(); }

 private:
  Registry::Events events() {
    return {.on_change = [this](DeviceChange change, const Device& device,
                                std::string_view why) { changed(change, device, why); },
            .on_error =
                [this](const Endpoint& peer, std::string_view why) {
                  teller_.tell_wrong({{"type", "malformed"}, {"peer", peer.to_string()}, {"reason", why}},
                                     fmt::format("{} is wrong: {}", peer, printable(why)));
                }};
  }

  void changed(DeviceChange change, const Device& device, std::string_view why) const {
    const auto what = to_string(change);
    const auto reason = why.empty() ? "" : fmt::format(" ({})", why);
    teller_.tell({{"type", what},
                  {"id", device.id},
                  {"name", device.name},
                  {"instance", device.instance},
                  {"address", device.address.to_string()},
                  {"port", number(device.port)},
                  {"why", why}},
                 fmt::format("{} {} at {}{}", what, printable(device.name), device.endpoint(), reason));
  }

  ServiceTeller teller_;
  Registry registry_;
};

}  // namespace

std::unique_ptr<Service> registry_service(Selector& loop, const Output& output, const ServiceOptions& options) {
  return std::make_unique<Devices>(loop, output, options);
}

}  // namespace wirelab::cli
