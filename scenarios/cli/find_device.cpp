#include "scenarios/cli/find_device.hpp"

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/services/registry_client.hpp"
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

Endpoint find_device(Selector& loop, const Endpoint& registry, const std::string& name, Duration patience) {
  bool listed = false;
  RegistryClient client(loop, open_here, any_towards(registry), registry,
                        {.on_list = [&](const std::vector<Device>&) { listed = true; },
                         .on_change = {},
                         .on_refused = {},
                         .on_retry = {},
                         .on_end = {}});
  loop.run_until([&] { return listed && !client.called(name).empty(); }, patience);
  const auto found = client.called(name);
  if (found.size() == 1) return found.front().endpoint();
  if (found.size() > 1)
    throw BadInput(fmt::format("{} devices are called '{}': {}\nname one by its id", found.size(), printable(name),
                               ids_of(found)));
  if (!listed)
    throw std::system_error(EHOSTUNREACH, std::system_category(), fmt::format("no registry at {}", registry));
  throw BadInput(fmt::format("the registry at {} lists no device '{}'\nwirelab devices {} shows all", registry,
                             printable(name), registry));
}

}  // namespace wirelab::cli
