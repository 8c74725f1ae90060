#include "scenarios/cli/listen_options.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>

#include <fmt/format.h>
#include <sys/resource.h>

#include "lab/base/error.hpp"
#include "scenarios/cli/zone.hpp"

namespace wirelab::cli {
namespace {

constexpr rlim_t own_descriptors = 32;  // beside the clients'

// Why `text` is no place to listen at.
BadInput no_place(const std::string& text) {
  const auto colon = text.rfind(':');
  const auto host = text.substr(0, colon);
  const bool has_address = host.starts_with('[') || Ipv4::parse(host);
  if (colon != text.npos && has_address && !parse_port(text.substr(colon + 1)))
    return BadInput(fmt::format("--listen '{}': '{}' is no port\na port is a number from 0 (any that is free) to 65535",
                                printable(text), printable(text.substr(colon + 1))));
  const bool is_name = host.find_first_of("[:") == host.npos && host.find_first_not_of("0123456789.") != host.npos;
  if (is_name)
    return BadInput(
        fmt::format("--listen '{}': '{}' is a name, not an address\n"
                    "it takes ADDRESS or ADDRESS:PORT: 127.0.0.1 for this machine alone, 0.0.0.0 for others too",
                    printable(text), printable(host)));
  return BadInput(fmt::format("--listen '{}' is no address\nit takes ADDRESS, ADDRESS:PORT or [IPV6-ADDRESS]:PORT",
                              printable(text)));
}

}  // namespace

po::options_description listen_options(const char* usual) {
  po::options_description options("Of listening");
  auto add = options.add_options();
  add("listen", po::value<std::string>()->default_value(usual)->value_name("ADDR[:PORT]"),
      "where; the port is the service's own unless given, 0 is any");
  add("max-clients", po::value<long long>()->value_name("N"), "at once; more are reset");
  return options;
}

Endpoint endpoint_to_listen_at(const po::variables_map& values, Port usual) {
  const auto text = values["listen"].as<std::string>();
  refuse_link_local(text);
  if (const auto address = IpAddress::parse(text)) return {*address, usual};
  if (const auto endpoint = Endpoint::parse(text)) return *endpoint;
  throw no_place(text);
}

std::size_t max_clients_of(const po::variables_map& values, std::size_t most, std::size_t descriptors_each) {
  if (!values.contains("max-clients")) return SIZE_MAX;
  const auto clients = values["max-clients"].as<long long>();
  if (clients < 1 || static_cast<std::size_t>(clients) > most)
    throw BadInput(fmt::format("--max-clients {} is out of range\nit takes 1 to {}", clients, most));
  const auto needed = static_cast<rlim_t>(clients) * descriptors_each + own_descriptors;
  rlimit limit{};
  check_errno(::getrlimit(RLIMIT_NOFILE, &limit), "ask for the limit of open files");
  if (limit.rlim_cur >= needed) return static_cast<std::size_t>(clients);
  if (limit.rlim_max < needed)
    throw BadInput(
        fmt::format("--max-clients {} needs {} open files, and the limit is {}\nulimit -n {} raises it, if "
                    "you may; else take fewer",
                    clients, needed, limit.rlim_max, needed));
  limit.rlim_cur = needed;
  check_errno(::setrlimit(RLIMIT_NOFILE, &limit), "raise the limit of open files");
  return static_cast<std::size_t>(clients);
}

void explain_listen_failure(const std::system_error& error, const Endpoint& place) {
  const std::string what = error.what();
  switch (error.code().value()) {
    case EADDRINUSE:
      throw BadInput(
          fmt::format("{} is in use already\ntake another with --listen ADDRESS:PORT (port 0: any); "
                      "ss -ltnup 'sport = :{}' shows who has it",
                      place, place.port));
    case EADDRNOTAVAIL:
      throw BadInput(
          fmt::format("{} is no address of this machine\nip address shows them; an IPv6 address with a port "
                      "is written [::1]:8080",
                      place.address));
    case EACCES:
      throw Denied(what + "\nports below 1024 need a privilege: take another with --listen ADDRESS:PORT");
    default:
      throw error;
  }
}

}  // namespace wirelab::cli
