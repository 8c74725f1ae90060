// wirelab devices: what a registry lists, once or for as long as one watches.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/text.hpp"
#include "lab/services/ports.hpp"
#include "lab/services/registry_client.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/no_service.hpp"
#include "scenarios/cli/reader_watch.hpp"
#include "scenarios/cli/stack_options.hpp"

namespace wirelab::cli {
namespace {

using nlohmann::json;

json as_json(std::string_view type, const Device& device, std::string_view why = "") {
  json object{{"type", type},
              {"id", device.id},
              {"name", device.name},
              {"address", device.address.to_string()},
              {"port", number(device.port)},
              {"instance", device.instance}};
  if (!why.empty()) object["why"] = why;
  return object;
}

std::string as_line(const Device& device) {
  const auto name = printable(device.name);
  const auto gap = std::string(std::max<std::size_t>(24, cells_of(name) + 1) - cells_of(name), ' ');
  return fmt::format("{}{}{:<24} id {}, instance {}", name, gap, device.endpoint(), printable(device.id),
                     printable(device.instance));
}

// One look at the registry, or a long one.
class Look {
 public:
  Look(const Invocation& call, Selector& loop, const Endpoint& registry)
      : output_(call.output),
        loop_(loop),
        registry_(registry),
        watch_(call.values.contains("watch")),
        wait_(seconds_of(call.values, "wait")),
        client_(loop, open_here, any_towards(registry), registry, events(),
                {.self = {}, .retry = {.limit = watch_ ? Duration::max() : wait_}}) {}

  // Turns the loop until the look is over.
  ExitCode play() {
    try {
      loop_.run();
    } catch (const Interrupted&) {
      tell_result();
      if (!seen_) throw;  // what was asked for is not done
      return ExitCode::ok;
    }
    if (failure_) {
      report(output_, *failure_);
      return failure_->exit;
    }
    tell_result();
    return ExitCode::ok;
  }

 private:
  RegistryClient::Events events() {
    return {.on_list = [this](const std::vector<Device>& devices) { on_list(devices); },
            .on_change =
                [this](DeviceChange change, const Device& device, std::string_view why) {
                  tell(as_json(to_string(change), device, why),
                       fmt::format("{:<9}{}{}", to_string(change), as_line(device),
                                   why.empty() ? "" : fmt::format(" ({})", printable(why))));
                },
            .on_refused = [this](std::string_view why) { output_.talk(printable(why)); },
            .on_retry = [this](const CloseReason& reason, Duration pause) { on_retry(reason, pause); },
            .on_end = [this](const CloseReason& reason) { on_end(reason); }};
  }

  void on_list(const std::vector<Device>& devices) {
    for (const auto& device : devices) tell(as_json("device", device), as_line(device));
    if (devices.empty()) output_.talk("no device is registered");
    tell({{"type", "list"}, {"devices", devices.size()}}, "");
    seen_ = true;
    retries_.found();
    if (!watch_) client_.stop();
  }

  // Who watches waits for a registry to come back, but not for one that never was.
  void on_retry(const CloseReason& reason, Duration pause) {
    if (!seen_ && std::chrono::steady_clock::now() + pause > begun_ + wait_) {
      failure_ = no_service(registry_sought, registry_, reason);
      return client_.stop();
    }
    if (const auto text = retries_.next(reason, pause); !text.empty()) output_.talk(text);
  }

  void on_end(const CloseReason& reason) {
    loop_.stop();
    if (!seen_ && !failure_) failure_ = no_service(registry_sought, registry_, reason);
  }

  void tell(const json& object, const std::string& line) {
    output_.object(object);
    if (!line.empty()) output_.line(line);
    output_.flush();
    if (std::ferror(stdout) != 0) client_.stop();  // nobody reads it any more
  }

  void tell_result() const {
    output_.object({{"type", "result"},
                    {"ok", true},
                    {"registry", registry_.to_string()},
                    {"devices", client_.devices().size()},
                    {"selector", selector_as_json(loop_)}});
    tell_selector(output_, loop_);
  }

  const Output& output_;
  Selector& loop_;
  Endpoint registry_;
  bool watch_;
  Duration wait_;
  SteadyTime begun_ = std::chrono::steady_clock::now();
  bool seen_ = false;  // a list
  std::optional<Failure> failure_;
  RetryTalk retries_{registry_sought, registry_};
  RegistryClient client_;
};

ExitCode devices(const Invocation& call) {
  const auto registry = server_named(call.arguments[0], registry_port);
  const auto loop = loop_of(call.values);
  const Interrupt interrupt(*loop);
  const ReaderWatch reader(*loop);
  return Look(call, *loop, registry).play();
}

po::options_description devices_options() {
  po::options_description options("Of the look");
  auto add = options.add_options();
  add("watch", "go on, and tell every change");
  add("wait", po::value<double>()->default_value(0)->value_name("S"), "how long to try until there is a registry");
  return options.add(poller_option());
}

}  // namespace

Command devices_command() {
  return {.name = "devices",
          .arguments = "REGISTRY[:PORT]",
          .summary = "the devices that a registry lists, and with --watch every change",
          .options = devices_options,
          .least_arguments = 1,
          .most_arguments = 1,
          .run = devices};
}

}  // namespace wirelab::cli
