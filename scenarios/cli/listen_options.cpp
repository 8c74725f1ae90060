#include "scenarios/cli/listen_options.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>

#include <fmt/format.h>
#include <sys/resource.h>

#include "lab/base/error.hpp"

namespace wirelab::cli {
namespace {

constexpr long long most_clients = 1'000'000;
constexpr rlim_t own_descriptors = 32;  // beside the clients'

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
  if (const auto address = IpAddress::parse(text)) return {*address, usual};
  if (const auto endpoint = Endpoint::parse(text)) return *endpoint;
  throw BadInput(fmt::format("--listen '{}' is no address\nit takes ADDRESS, ADDRESS:PORT or [IPV6-ADDRESS]:PORT",
                             printable(text)));
}

std::size_t max_clients_of(const po::variables_map& values) {
  if (!values.contains("max-clients")) return SIZE_MAX;
  const auto clients = values["max-clients"].as<long long>();
  if (clients < 1 || clients > most_clients)
    throw BadInput(fmt::format("--max-clients {} is out of range\nit takes 1 to {}", clients, most_clients));
  const auto needed = static_cast<rlim_t>(clients) + own_descriptors;
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

void explain_listen_failure(const std::system_error& error) {
  const std::string what = error.what();
  switch (error.code().value()) {
    case EADDRINUSE:
      throw Missing(what + "\ntake another with --listen ADDRESS:PORT (port 0: any); ss -ltnup shows who has it");
    case EADDRNOTAVAIL:
      throw BadInput(what + "\nip address shows the addresses of this machine");
    case EACCES:
      throw Denied(what + "\nports below 1024 need a privilege: take another with --listen ADDRESS:PORT");
    default:
      throw error;
  }
}

}  // namespace wirelab::cli
