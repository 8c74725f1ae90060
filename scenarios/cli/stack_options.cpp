#include "scenarios/cli/stack_options.hpp"

#include <algorithm>
#include <cmath>
#include <netdb.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "scenarios/cli/zone.hpp"

namespace wirelab::cli {
namespace {

constexpr double most_seconds = 1e6;

IpAddress resolve(const std::string& name) {
  if (const auto address = IpAddress::parse(name)) return *address;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &found); error != 0)
    throw BadInput(
        fmt::format("'{}' does not resolve: {}\ngive an address instead", printable(name), ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  sockaddr_storage storage{};
  std::copy_n(reinterpret_cast<const char*>(found->ai_addr), found->ai_addrlen, reinterpret_cast<char*>(&storage));
  return endpoint_from(storage).value().address;
}

}  // namespace

po::options_description poller_option() {
  po::options_description options("Of the loop");
  options.add_options()("poller", po::value<std::string>()->default_value("select")->value_name("select|poll|epoll"),
                        "what the one loop waits with");
  return options;
}

Poller poller_of(const po::variables_map& values) {
  const auto name = values["poller"].as<std::string>();
  const auto poller = parse_poller(name);
  if (!poller) throw BadInput(fmt::format("there is no poller '{}'\nit takes select, poll or epoll", printable(name)));
  return *poller;
}

std::unique_ptr<Selector> loop_of(const po::variables_map& values) { return Selector::make(poller_of(values)); }

Endpoint server_named(const std::string& text, Port usual) {
  refuse_link_local(text);
  if (const auto address = IpAddress::parse(text)) return {*address, usual};
  if (const auto endpoint = Endpoint::parse(text); endpoint && endpoint->port != Port{}) return *endpoint;
  const auto colon = text.rfind(':');
  if (colon == text.npos) return {resolve(text), usual};
  const auto port = parse_port(text.substr(colon + 1));
  if (!port || port == Port{})
    throw BadInput(fmt::format("'{}' is no server\ngive HOST, HOST:PORT or [IPV6-ADDRESS]:PORT", printable(text)));
  return {resolve(text.substr(0, colon)), *port};
}

Endpoint any_towards(const Endpoint& server) {
  return {server.address.is_v6() ? IpAddress(Ipv6()) : IpAddress(Ipv4()), Port{}};
}

Duration seconds_of(const po::variables_map& values, const std::string& option) {
  const auto seconds = values[option].as<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > most_seconds)
    throw BadInput(fmt::format("--{} {} is out of range\nit takes 0 to {} seconds", option, seconds, most_seconds));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

nlohmann::json selector_as_json(const Selector& loop) {
  const auto stats = loop.stats();
  return {{"poller", name_of(loop.poller())},
          {"waits", stats.waits},
          {"events", stats.events},
          {"scanned", stats.scanned},
          {"timers", stats.timers}};
}

std::string selector_as_text(const Selector& loop) {
  const auto stats = loop.stats();
  return fmt::format("selector: {}, {} waits, {} events, {} descriptors scanned, {} timers", name_of(loop.poller()),
                     stats.waits, stats.events, stats.scanned, stats.timers);
}

void tell_selector(const Output& output, const Selector& loop) {
  if (output.verbose()) output.talk(selector_as_text(loop));
}

}  // namespace wirelab::cli
