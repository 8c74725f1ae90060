#include "scenarios/cli/find_device.hpp"

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/services/registry_client.hpp"
#include "scenarios/cli/no_service.hpp"
#include "scenarios/cli/stack_options.hpp"

namespace wirelab::cli {
namespace {

std::string ids_of(const std::vector<Device>& devices) {
  std::string text;
  for (const auto& device : devices)
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", printable(device.id), device.endpoint());
  return text;
}

}  // namespace

std::variant<Endpoint, Failure> find_device(Selector& loop, const Endpoint& registry, const std::string& name,
                                            Duration patience) {
  bool listed = false;
  CloseReason why{.cause = CloseCause::connect_timeout, .error = {}};
  RegistryClient::Events events;
  events.on_list = [&](const std::vector<Device>&) { listed = true; };
  events.on_retry = [&](const CloseReason& reason, Duration) { why = reason; };
  RegistryClient client(loop, open_here, any_towards(registry), registry, std::move(events));
  loop.run_until([&] { return listed && !client.called(name).empty(); }, patience);
  const auto found = client.called(name);
  if (found.size() == 1) return found.front().endpoint();
  if (found.size() > 1)
    throw BadInput(fmt::format("{} devices are called '{}': {}\nname one by its id, or by its address", found.size(),
                               printable(name), ids_of(found)));
  if (!listed) return no_service(registry_sought, registry, why);
  throw BadInput(fmt::format("the registry at {} lists no device '{}'\nwirelab devices {} shows all", registry,
                             printable(name), registry));
}

}  // namespace wirelab::cli
