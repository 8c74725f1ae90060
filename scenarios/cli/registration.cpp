#include "scenarios/cli/registration.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/services/device_id.hpp"
#include "lab/services/name.hpp"
#include "scenarios/cli/stack_options.hpp"

namespace wirelab::cli {
namespace {

Device device_called(const std::string& name, Port port) {
  Device self{.id = device_id(host_name(), marks_of_this_host(), port),
              .name = name,
              .instance = random_instance(),
              .port = port,
              .address = {}};
  if (const auto fault = device_fault(self))
    throw BadInput(fmt::format("no device can be called '{}': {}\ngive another --name", printable(name), *fault));
  return self;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name_fault(name.data())) return "device";
  return name.data();
}

Registration::Registration(Selector& loop, const Output& output, const Endpoint& registry, const std::string& name,
                           Port port, std::function<void(const std::string&)> say)
    : retries_(registry_sought, registry) {
  const auto self = device_called(name, port);
  RegistryClient::Events events;
  events.on_list = [this, &output, self](const auto&) {
    retries_.found();
    output.object({{"type", "registered"}, {"id", self.id}, {"name", self.name}});
  };
  events.on_refused = [say](std::string_view why) { say(fmt::format("the registry says: {}", printable(why))); };
  events.on_retry = [this, say](const CloseReason& reason, Duration pause) {
    if (const auto text = retries_.next(reason, pause); !text.empty()) say(text);
  };
  client_ = std::make_unique<RegistryClient>(loop, open_here, any_towards(registry), registry, std::move(events),
                                             RegistryClient::Options{.self = self});
}

}  // namespace wirelab::cli
