#include "lab/net/settle.hpp"

#include <chrono>
#include <functional>
#include <thread>

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "lab/base/clock.hpp"
#include "lab/base/error.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;  // a busy machine is slow, not broken
// There is an event for each change, but a look costs less than to sort events of many namespaces.
constexpr auto pause = 50us;

template <class Header>
Request question(std::uint16_t type, int family, const char* what) {
  Request request(type, 0, what);
  // The family is the first byte of every header of rtnetlink.
  *reinterpret_cast<std::uint8_t*>(&request.header<Header>()) = static_cast<std::uint8_t>(family);
  return request;
}

bool links_are_operational(Site& host) {
  bool all = true;
  host.netlink.dump(question<ifinfomsg>(RTM_GETLINK, AF_UNSPEC, "list links"), [&](const nlmsghdr& message) {
    const auto& link = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
    if ((link.ifi_flags & IFF_LOOPBACK) != 0) return;
    const auto state = find_attribute(message, sizeof link, IFLA_OPERSTATE);
    all = all && state && (*state)[0] == IF_OPER_UP;
  });
  return all;
}

// Each interface has its link-local address, and no address is still being checked for duplicates.
bool ipv6_is_usable(Site& host) {
  bool all = true;
  std::size_t link_local = 0;
  host.netlink.dump(question<ifaddrmsg>(RTM_GETADDR, AF_INET6, "list IPv6 addresses"), [&](const nlmsghdr& message) {
    const auto& address = *static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(&message));
    if (address.ifa_scope == RT_SCOPE_LINK) ++link_local;
    all = all && (address.ifa_flags & IFA_F_TENTATIVE) == 0;
  });
  return all && link_local == host.interfaces.size();
}

bool ports_forward(Site& fabric) {
  bool all = true;
  fabric.netlink.dump(question<ifinfomsg>(RTM_GETLINK, AF_BRIDGE, "list the ports of bridges"),
                      [&](const nlmsghdr& message) {
                        const auto port = find_attribute(message, sizeof(ifinfomsg), IFLA_PROTINFO);
                        if (!port) return;  // the bridge itself
                        const auto state = find_attribute(*port, IFLA_BRPORT_STATE);
                        all = all && state && (*state)[0] == BR_STATE_FORWARDING;
                      });
  return all;
}

void wait_until(const std::function<bool()>& met) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!met()) {
    if (std::chrono::steady_clock::now() > deadline) throw_errno("wait for the links of the lab to come up", ETIMEDOUT);
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

void settle_hosts(std::span<Site> hosts, bool ipv6) {
  for (auto& host : hosts) {
    wait_until([&] { return links_are_operational(host) && (!ipv6 || ipv6_is_usable(host)); });
  }
}

void settle_fabric(Site& fabric) {
  wait_until([&] { return ports_forward(fabric); });
}

}  // namespace wirelab
