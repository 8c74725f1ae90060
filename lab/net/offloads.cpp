#include "lab/net/offloads.hpp"

#include <cstring>
#include <string_view>
#include <vector>

#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "lab/base/bytes.hpp"
#include "lab/base/error.hpp"

namespace wirelab {
namespace {

constexpr std::size_t bits = 32;  // a block of ETHTOOL_SFEATURES

void ask_ethtool(int socket, const std::string& interface, void* command) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = static_cast<char*>(command);
  check_errno(::ioctl(socket, SIOCETHTOOL, &request), "switch off the offloads of " + interface);
}

// Names as in ethtool -k; every kernel numbers them in its own way.
bool is_offload(std::string_view name) {
  return name.starts_with("tx-checksum-") || name.find("segmentation") != name.npos || name.starts_with("tx-gso-") ||
         name.starts_with("rx-gro") || name == "rx-lro";
}

// The names of all features, in the order of their bits.
std::vector<std::string> feature_names(int socket, const std::string& interface) {
  const ethtool_sset_info set{.cmd = ETHTOOL_GSSET_INFO, .reserved = 0, .sset_mask = 1ULL << ETH_SS_FEATURES};
  Bytes sized(sizeof set + sizeof(std::uint32_t));
  std::memcpy(sized.data(), &set, sizeof set);
  ask_ethtool(socket, interface, sized.data());
  std::uint32_t count = 0;
  std::memcpy(&count, &sized[sizeof set], sizeof count);

  Bytes answer(sizeof(ethtool_gstrings) + std::size_t{count} * ETH_GSTRING_LEN);
  const ethtool_gstrings question{.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = count};
  std::memcpy(answer.data(), &question, sizeof question);
  ask_ethtool(socket, interface, answer.data());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* name = reinterpret_cast<const char*>(&answer[sizeof question + i * ETH_GSTRING_LEN]);
    names.emplace_back(name, ::strnlen(name, ETH_GSTRING_LEN));
  }
  return names;
}

// The finished ETHTOOL_SFEATURES command: "these shall change, to off".
Bytes off_command(const std::vector<std::string>& names) {
  std::vector<ethtool_set_features_block> blocks((names.size() + bits - 1) / bits);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (is_offload(names[i])) blocks[i / bits].valid |= 1U << i % bits;
  }
  const ethtool_sfeatures head{.cmd = ETHTOOL_SFEATURES, .size = static_cast<std::uint32_t>(blocks.size())};
  Bytes command(sizeof head + blocks.size() * sizeof blocks[0]);
  std::memcpy(command.data(), &head, sizeof head);
  std::memcpy(&command[sizeof head], blocks.data(), blocks.size() * sizeof blocks[0]);
  return command;
}

}  // namespace

void switch_offloads_off(int socket, const std::string& interface) {
  static const Bytes command = off_command(feature_names(socket, interface));
  auto copy = command;  // the kernel writes into it
  ask_ethtool(socket, interface, copy.data());
}

}  // namespace wirelab
