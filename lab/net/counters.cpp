#include "lab/net/counters.hpp"

#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace wirelab {
namespace {

// Pairs of lines: "Icmp: InMsgs InErrors ...", then "Icmp: 3 0 ...".
std::optional<std::uint64_t> in_snmp(std::istream& table, std::string_view protocol, std::string_view name) {
  const auto prefix = std::string(protocol) + ":";
  for (std::string names, values; std::getline(table, names) && std::getline(table, values);) {
    std::istringstream name_words(names);
    std::istringstream value_words(values);
    std::string word;
    std::string value;
    if (!(name_words >> word) || word != prefix) continue;
    value_words >> value;
    while (name_words >> word && value_words >> value) {
      if (word == name) return std::stoull(value);
    }
  }
  return std::nullopt;
}

// One line a counter: "Icmp6InCsumErrors   0".
std::optional<std::uint64_t> in_snmp6(std::istream& table, std::string_view protocol, std::string_view name) {
  const auto wanted = std::string(protocol) + std::string(name);
  for (std::string word, value; table >> word >> value;) {
    if (word == wanted) return std::stoull(value);
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t kernel_counter(const Host& host, std::string_view protocol, std::string_view name) {
  // thread-self, not self: it is this thread that visits the host's namespace.
  const auto value = host.in([&] {
    if (protocol.ends_with('6')) {
      std::ifstream table("/proc/thread-self/net/snmp6");
      return in_snmp6(table, protocol, name);
    }
    std::ifstream table("/proc/thread-self/net/snmp");
    if (const auto found = in_snmp(table, protocol, name)) return found;
    std::ifstream more("/proc/thread-self/net/netstat");
    return in_snmp(more, protocol, name);
  });
  if (!value)
    throw std::runtime_error(fmt::format("the kernel of {} has no counter {} {}", host.name(), protocol, name));
  return *value;
}

}  // namespace wirelab
