// wirelab receive: files from whoever offers some, into one folder; a person is asked before each.
#include <csignal>

#include <fmt/format.h>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "lab/services/ports.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/listen_options.hpp"
#include "scenarios/cli/reader_watch.hpp"
#include "scenarios/cli/receiving.hpp"
#include "scenarios/cli/stack_options.hpp"

namespace wirelab::cli {
namespace {

NameClash clash_of(const po::variables_map& values) {
  const auto word = values["on-clash"].as<std::string>();
  if (word == "refuse") return NameClash::refuse;
  if (word == "rename") return NameClash::rename;
  if (word == "overwrite") return NameClash::overwrite;
  throw BadInput(fmt::format("--on-clash takes refuse, rename or overwrite, not '{}'", printable(word)));
}

// 0: without end.
std::size_t count_of(const po::variables_map& values) {
  if (values.contains("once")) return 1;
  if (!values.contains("count")) return 0;
  const auto count = values["count"].as<long long>();
  if (count < 1) throw BadInput(fmt::format("--count {} is out of range\nit takes a number from 1 on", count));
  return static_cast<std::size_t>(count);
}

std::shared_ptr<const TargetFolder> folder_at(const std::string& path) {
  try {
    return std::make_shared<const TargetFolder>(path);
  } catch (const std::system_error& error) {
    throw BadInput(fmt::format("{}\ngive a folder that you can write to", printable(error.what())));
  }
}

bool can_ask() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1; }

ReceivePlan plan_of(const Invocation& call) {
  const auto& values = call.values;
  ReceivePlan plan{.folder = folder_at(call.arguments[0]),
                   .listen = endpoint_to_listen_at(values, files_port),
                   .options = {.clash = clash_of(values)},
                   .asks = !values.contains("yes"),
                   .count = count_of(values),
                   .registry = std::nullopt,
                   .name = values.contains("name") ? values["name"].as<std::string>() : host_name()};
  if (values.contains("max-clients")) plan.options.tcp.max_clients = max_clients_of(values);
  if (values.contains("registry")) plan.registry = server_named(values["registry"].as<std::string>(), registry_port);
  if (plan.asks && !can_ask())
    throw BadInput(
        "nobody can be asked whether a file is wanted: there is no terminal\n--yes takes all files that are offered");
  return plan;
}

ExitCode receive(const Invocation& call) {
  const auto plan = plan_of(call);
  // A file beyond `ulimit -f` is an error of write, not the end.
  (void)std::signal(SIGXFSZ, SIG_IGN);
  const auto loop = loop_of(call.values);
  const Interrupt interrupt(*loop);
  const ReaderWatch reader(*loop);
  std::optional<Receiving> receiving;
  try {
    receiving.emplace(call.output, *loop, plan);
  } catch (const std::system_error& error) {
    explain_listen_failure(error, plan.listen);
  }
  return receiving->play();
}

po::options_description receive_options() {
  po::options_description options("Of the receiving");
  auto add = options.add_options();
  add("yes,y", "take everything from anybody who can reach --listen, ask nobody");
  add("on-clash", po::value<std::string>()->default_value("refuse")->value_name("refuse|rename|overwrite"),
      "if there is a file of that name (rename: the new one)");
  add("once", "end after one file");
  add("count", po::value<long long>()->value_name("N"), "end after N files");
  add("registry", po::value<std::string>()->value_name("HOST[:PORT]"), "be found there by name");
  add("name", po::value<std::string>()->value_name("NAME"), "of this device (default: the host's)");
  return options.add(listen_options("0.0.0.0")).add(poller_option());
}

}  // namespace

Command receive_command() {
  return {.name = "receive",
          .arguments = "DIR",
          .summary = "files that others send, into a folder; asks before each",
          .options = receive_options,
          .least_arguments = 1,
          .most_arguments = 1,
          .run = receive};
}

}  // namespace wirelab::cli
