// Options of a command that listens: where, and to how many.
#pragma once

#include <cstddef>
#include <system_error>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include "lab/base/address.hpp"

namespace wirelab::cli {

namespace po = boost::program_options;

// --listen, --max-clients. `usual` is the address without which nothing else is said.
po::options_description listen_options(const char* usual);
// "127.0.0.1", "0.0.0.0:8080", "::1", "[::1]:8080". Throws BadInput.
Endpoint endpoint_to_listen_at(const po::variables_map& values, Port usual);
// As many descriptors are asked for, `descriptors_each` a client; throws BadInput if the machine does not give them, or
// for more than `most`. Without the option SIZE_MAX.
constexpr std::size_t most_clients = 1'000'000;
std::size_t max_clients_of(const po::variables_map& values, std::size_t most = most_clients,
                           std::size_t descriptors_each = 1);
// Throws what the person at the keyboard can do about a failure to listen at `place`, or else `error` itself.
[[noreturn]] void explain_listen_failure(const std::system_error& error, const Endpoint& place);

}  // namespace wirelab::cli
