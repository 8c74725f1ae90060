// wirelab ping: echo requests made by hand, in the default lab or on an interface of this machine.
#include <algorithm>
#include <cmath>
#include <memory>
#include <netdb.h>

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/net/lab_root.hpp"
#include "raw/interface.hpp"
#include "scenarios/cli/command.hpp"
#include "scenarios/cli/echo_series.hpp"
#include "scenarios/cli/interrupt.hpp"
#include "scenarios/cli/lab_options.hpp"
#include "scenarios/cli/reader_watch.hpp"
#include "scenarios/cli/story_options.hpp"
#include "scenarios/scenario.hpp"

namespace wirelab::cli {
namespace {

constexpr double most_patience = 60'000;  // ms
constexpr Duration usual_interval_in_lab = std::chrono::milliseconds(20);
constexpr Duration usual_interval = std::chrono::seconds(1);
// What comes faster is a flood, and floods exist in a lab only.
constexpr Duration least_interval = std::chrono::milliseconds(10);

EchoPlan plan_of(const Invocation& call, bool on_interface) {
  const auto settings = settings_of(call.values, scenarios::ping_scenario());
  EchoPlan plan{.target = call.arguments[0],
                .count = settings.count,
                .size = settings.size,
                .interval = on_interface ? usual_interval : usual_interval_in_lab,
                .patience = {}};
  if (call.values.contains("interval")) plan.interval = settings.interval;
  if (on_interface && plan.interval < least_interval)
    throw BadInput("--interval below 10 ms would be a flood\nfloods are played in a lab only: leave --interface out");
  const auto patience = call.values["timeout"].as<double>();
  if (!std::isfinite(patience) || patience <= 0 || patience > most_patience)
    throw BadInput(
        fmt::format("--timeout {} is out of range\nit takes up to {} milliseconds", patience, most_patience));
  plan.patience = std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(patience));
  return plan;
}

IpAddress host_of_lab(const Lab& lab, const std::string& target, bool ipv6) {
  const auto literal = IpAddress::parse(target);
  for (const auto& node : lab.topology().nodes()) {
    for (const auto& interface : node.interfaces) {
      for (const auto& address : interface.addresses) {
        if (literal ? *literal == address : node.name == target && address.is_v6() == ipv6) return address;
      }
    }
  }
  throw BadInput(
      fmt::format("no host of the default lab is called '{0}'; it has A, R and S\n"
                  "a host of the real network: wirelab ping {0} --interface IF",
                  target));
}

std::string trace_file(const Invocation& call) {
  return call.values.contains("pcap") ? call.values["pcap"].as<std::string>() : "";
}

ExitCode ping_in_lab(const Invocation& call) {
  const auto plan = plan_of(call, false);
  const auto options = lab_options(call.values);
  const auto topology = scenarios::ping_scenario().topology({.ipv6 = call.values.contains("ipv6")});
  become_lab_root();
  Lab lab(topology, options);
  const auto target = host_of_lab(lab, plan.target, call.values.contains("ipv6"));
  EchoSeries series(call.output, plan, raw::at(lab, "A"), target, lab.random(), "");
  EchoObserver observer(lab.loop(), capture::Tap(lab.host("A"), "eth0", 0, {}), trace_file(call));
  const Interrupt interrupt(lab.loop());
  const ReaderWatch reader(lab.loop());
  return series.play(observer);
}

// An address, or a name that this machine's resolver knows.
IpAddress resolve(const std::string& target, bool ipv6) {
  if (const auto address = IpAddress::parse(target)) return *address;
  addrinfo hints{};
  hints.ai_family = ipv6 ? AF_INET6 : AF_INET;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(target.c_str(), nullptr, &hints, &found); error != 0)
    throw BadInput(fmt::format("'{}' does not resolve: {}\ngive an address instead", target, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  sockaddr_storage storage{};
  std::copy_n(reinterpret_cast<const char*>(found->ai_addr), found->ai_addrlen, reinterpret_cast<char*>(&storage));
  return endpoint_from(storage).value().address;
}

ExitCode ping_on_interface(const Invocation& call) {
  const auto plan = plan_of(call, true);
  const auto interface = raw::interface_named(call.values["interface"].as<std::string>());
  const auto options = lab_options(call.values);
  const auto loop = Selector::make(options.poller);
  const auto place = raw::here(*loop);
  // Two pings of one machine must not take each other's replies, so they do not choose the same identifier.
  std::mt19937_64 random(call.values.contains("seed") ? options.seed : std::random_device()());
  const auto target = resolve(plan.target, call.values.contains("ipv6"));
  EchoSeries series(call.output, plan, place, target, random, interface.name);
  EchoObserver observer(*loop, capture::Tap(interface.name, interface.mac, interface.mtu, {}), trace_file(call));
  const Interrupt interrupt(*loop);
  const ReaderWatch reader(*loop);
  return series.play(observer);
}

ExitCode ping(const Invocation& call) {
  return call.values.contains("interface") ? ping_on_interface(call) : ping_in_lab(call);
}

po::options_description ping_options() {
  po::options_description options("Of the requests");
  auto add = options.add_options();
  add("count", po::value<long long>()->value_name("N"), "echo requests (default 3)");
  add("size", po::value<long long>()->value_name("BYTES"), "of data in each (default 56)");
  add("interval", po::value<double>()->value_name("MS"), "between them (default 20, on an interface 1000)");
  add("ipv6,6", "over IPv6");
  add("interface", po::value<std::string>()->value_name("IF"),
      "an interface of this machine; without it a private lab is built");
  add("timeout", po::value<double>()->default_value(1000)->value_name("MS"), "how long an answer may take");
  add("pcap", po::value<std::string>()->value_name("FILE"), "keep the trace (pcapng)");
  return options.add(loop_options());
}

}  // namespace

Command ping_command() {
  return {.name = "ping",
          .arguments = "TARGET",
          .summary = "echo requests made by hand, in the default lab or on --interface IF",
          .options = ping_options,
          .least_arguments = 1,
          .most_arguments = 1,
          .run = ping};
}

}  // namespace wirelab::cli
