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
constexpr int looks_at_once = 20;
constexpr auto pause = 100us;

// The attributes of one link. To ask for one, unlike to list all, also makes a recent kernel finish at once what a
// change of its carrier brings about.
void look_at(Netlink& netlink, unsigned index, const std::function<void(const nlmsghdr&)>& use) {
  Request request(RTM_GETLINK, 0, "look at a link");
  request.header<ifinfomsg>().ifi_index = static_cast<int>(index);
  request.put32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  netlink.get(request, use);
}

bool is_operational(Netlink& netlink, unsigned index) {
  bool up = false;
  look_at(netlink, index, [&](const nlmsghdr& message) {
    const auto state = find_attribute(message, sizeof(ifinfomsg), IFLA_OPERSTATE);
    up = state && (*state)[0] == IF_OPER_UP;
  });
  return up;
}

bool forwards(Netlink& netlink, unsigned port) {
  bool forwarding = false;
  look_at(netlink, port, [&](const nlmsghdr& message) {
    const auto link = find_attribute(message, sizeof(ifinfomsg), IFLA_LINKINFO);
    const auto data = link ? find_attribute(*link, IFLA_INFO_SLAVE_DATA) : std::nullopt;
    const auto state = data ? find_attribute(*data, IFLA_BRPORT_STATE) : std::nullopt;
    forwarding = state && (*state)[0] == BR_STATE_FORWARDING;
  });
  return forwarding;
}

// Each interface has its link-local address, and no address is still being checked for duplicates. There is no check
// (accept_dad), yet the mark stays until the kernel has joined the group in which neighbours ask for the address. With
// IFA_F_NODAD there would be none, and the first question now and then unheard.
bool is_usable(Site& host) {
  bool all = true;
  std::size_t link_local = 0;
  Request request(RTM_GETADDR, 0, "list IPv6 addresses");
  request.header<ifaddrmsg>().ifa_family = AF_INET6;
  host.netlink.dump(request, [&](const nlmsghdr& message) {
    const auto& address = header_of<ifaddrmsg>(message);
    if (address.ifa_scope == RT_SCOPE_LINK) ++link_local;
    all = all && (address.ifa_flags & IFA_F_TENTATIVE) == 0;
  });
  return all && link_local == host.interfaces.size();
}

void wait_until(const std::function<bool()>& met) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (int looks = 1; !met(); ++looks) {
    if (std::chrono::steady_clock::now() > deadline) throw_errno("wait for the links of the lab to come up", ETIMEDOUT);
    if (looks < looks_at_once) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(pause);
    }
  }
}

}  // namespace

void settle_links(std::span<const LinkEnd> ends) {
  for (const auto& [netlink, index, role] : ends) {
    const auto is_ready = role == LinkEnd::Role::port ? forwards : is_operational;
    wait_until([&, of = netlink, at = index] { return is_ready(*of, at); });
  }
}

void settle_ipv6(std::span<Site> hosts) {
  for (auto& host : hosts) {
    wait_until([&] { return is_usable(host); });
  }
}

}  // namespace wirelab
