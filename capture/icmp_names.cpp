#include "capture/icmp_names.hpp"

#include <algorithm>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace wirelab::capture {
namespace {

constexpr int any_code = -1;
struct Name {
  std::uint8_t type;
  int code;
  std::string_view text;
};

// https://www.iana.org/assignments/icmp-parameters
constexpr Name v4_names[] = {
    {0, any_code, "echo reply"},
    {3, 0, "network unreachable"},
    {3, 1, "host unreachable"},
    {3, 2, "protocol unreachable"},
    {3, 3, "port unreachable"},
    {3, 4, "fragmentation needed"},
    {3, 5, "source route failed"},
    {3, 9, "network administratively prohibited"},
    {3, 10, "host administratively prohibited"},
    {3, 13, "communication administratively prohibited"},
    {4, any_code, "source quench"},
    {5, any_code, "redirect"},
    {8, any_code, "echo request"},
    {9, any_code, "router advertisement"},
    {10, any_code, "router solicitation"},
    {11, 0, "time exceeded in transit"},
    {11, 1, "fragment reassembly time exceeded"},
    {12, any_code, "parameter problem"},
    {13, any_code, "timestamp request"},
    {14, any_code, "timestamp reply"},
};
// https://www.iana.org/assignments/icmpv6-parameters
constexpr Name v6_names[] = {
    {1, 0, "no route to destination"},
    {1, 1, "communication administratively prohibited"},
    {1, 2, "beyond scope of source address"},
    {1, 3, "address unreachable"},
    {1, 4, "port unreachable"},
    {1, 5, "source address failed policy"},
    {1, 6, "reject route to destination"},
    {2, any_code, "packet too big"},
    {3, 0, "time exceeded in transit"},
    {3, 1, "fragment reassembly time exceeded"},
    {4, any_code, "parameter problem"},
    {128, any_code, "echo request"},
    {129, any_code, "echo reply"},
    {130, any_code, "multicast listener query"},
    {131, any_code, "multicast listener report"},
    {132, any_code, "multicast listener done"},
    {133, any_code, "router solicitation"},
    {134, any_code, "router advertisement"},
    {135, any_code, "neighbour solicitation"},
    {136, any_code, "neighbour advertisement"},
    {137, any_code, "redirect"},
    {143, any_code, "multicast listener report"},
};

}  // namespace

std::string icmp_name(const Icmp& icmp) {
  const auto names = icmp.v6 ? std::span<const Name>(v6_names) : std::span<const Name>(v4_names);
  const auto found = std::find_if(names.begin(), names.end(), [&icmp](const Name& name) {
    return name.type == icmp.type && (name.code == any_code || name.code == icmp.code);
  });
  if (found == names.end()) return fmt::format("type {} code {}", icmp.type, icmp.code);
  return std::string(found->text);
}

}  // namespace wirelab::capture
