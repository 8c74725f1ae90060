#include "raw/interface.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/unique_fd.hpp"

namespace wirelab::raw {
namespace {

ifreq request_for(const std::string& name) {
  ifreq request{};
  name.copy(static_cast<char*>(request.ifr_name), IFNAMSIZ - 1);
  return request;
}

[[noreturn]] void throw_unknown(const std::string& name) {
  throw BadInput(
      fmt::format("no interface is named '{}'\nthere are: {}", printable(name), fmt::join(interface_names(), ", ")));
}

}  // namespace

std::vector<std::string> interface_names() {
  auto* const all = ::if_nameindex();
  if (all == nullptr) throw_errno("list the interfaces");
  std::vector<std::string> names;
  for (const auto* entry = all; entry->if_index != 0; ++entry) names.emplace_back(entry->if_name);
  ::if_freenameindex(all);
  return names;
}

Interface interface_named(const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ) throw_unknown(name);
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0) throw_unknown(name);
  const UniqueFd socket(check_errno(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open a socket"));
  auto address = request_for(name);
  check_errno(::ioctl(socket.get(), SIOCGIFHWADDR, &address), fmt::format("read the MAC address of {}", name));
  auto mtu = request_for(name);
  check_errno(::ioctl(socket.get(), SIOCGIFMTU, &mtu), fmt::format("read the MTU of {}", name));

  std::array<std::uint8_t, Mac::size> mac{};
  std::copy_n(reinterpret_cast<const std::uint8_t*>(address.ifr_hwaddr.sa_data), Mac::size, mac.begin());
  const auto kind = address.ifr_hwaddr.sa_family;
  return {.name = name,
          .index = index,
          .mac = Mac{mac},
          .mtu = static_cast<std::uint32_t>(mtu.ifr_mtu),
          .ethernet = kind == ARPHRD_ETHER || kind == ARPHRD_LOOPBACK};
}

std::string interface_name(unsigned index) {
  std::array<char, IFNAMSIZ> name{};
  if (::if_indextoname(index, name.data()) == nullptr) throw_errno(fmt::format("find the interface number {}", index));
  return name.data();
}

}  // namespace wirelab::raw
