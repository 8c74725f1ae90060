// wirelab send: files to a device that runs wirelab receive, one after the other.
#include <algorithm>
#include <optional>

#include "lab/services/ports.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/find_device.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/reader_watch.hpp"
#include "scenarios/cli/sending.hpp"
#include "scenarios/cli/stack_options.hpp"

namespace wirelab::cli {
namespace {

constexpr Duration shortest_patience = std::chrono::seconds(2);  // with a registry that is there

// An address as it stands, or a name by this machine's resolver: nothing if it has to be looked up in a registry.
std::optional<Endpoint> receiver_named(const po::variables_map& values, const std::string& name) {
  const bool is_address = IpAddress::parse(name) || Endpoint::parse(name);
  if (!is_address && values.contains("registry")) return std::nullopt;
  return server_named(name, files_port);
}

// Names are resolved before signals go to the loop: the resolver waits outside of it.
std::variant<Endpoint, Failure> find_receiver(const Invocation& call, Selector& loop) {
  const auto& name = call.arguments.back();
  if (const auto direct = receiver_named(call.values, name)) return *direct;
  const auto registry = server_named(call.values["registry"].as<std::string>(), registry_port);
  const auto patience = std::max(seconds_of(call.values, "wait"), shortest_patience);
  const Interrupt interrupt(loop);
  return find_device(loop, registry, name, patience);
}

ExitCode send(const Invocation& call) {
  const std::vector<std::string> paths(call.arguments.begin(), call.arguments.end() - 1);
  for (const auto& path : paths) source_at(path);
  const FileSender::Options options{.digest = !call.values.contains("no-digest"),
                                    .retry = {.limit = seconds_of(call.values, "wait")}};
  const auto loop = loop_of(call.values);
  const auto found = find_receiver(call, *loop);
  const Interrupt interrupt(*loop);
  const ReaderWatch reader(*loop);
  if (const auto* receiver = std::get_if<Endpoint>(&found))
    return Sending(call.output, *loop, *receiver, options).play(paths);
  const auto& failure = std::get<Failure>(found);
  report(call.output, failure);
  return failure.exit;
}

po::options_description send_options() {
  po::options_description options("Of the sending");
  auto add = options.add_options();
  add("registry", po::value<std::string>()->value_name("HOST[:PORT]"), "where devices are looked up by name");
  add("wait", po::value<double>()->default_value(30)->value_name("S"),
      "how long to try, while nothing moves: until there is a receiver, and after a cut");
  add("no-digest", "send without SHA-256; nobody knows then whether what arrives is what was sent");
  return options.add(poller_option());
}

}  // namespace

Command send_command() {
  return {.name = "send",
          .arguments = "FILE... DEVICE|ADDR[:PORT]",
          .summary = "files to a device that runs wirelab receive",
          .options = send_options,
          .least_arguments = 2,
          .most_arguments = SIZE_MAX,
          .run = send};
}

}  // namespace wirelab::cli
