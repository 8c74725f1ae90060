#include "lab/net/site.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/net/links.hpp"
#include "lab/net/nft.hpp"
#include "lab/net/sysctl.hpp"

namespace wirelab {
namespace {

constexpr unsigned loopback = 1;

// What each interface is told by netlink as well (set_ipv4) counts only together with, or in spite of, these.
void set_ipv4_of_all(bool forwards) {
  set_sysctl("ipv4/conf/all/forwarding", forwards ? "1" : "0");
  for (const auto* name : {"rp_filter", "accept_redirects", "send_redirects", "arp_accept"}) {
    set_sysctl(std::string("ipv4/conf/all/") + name, "0");
  }
  // No ICMP error is held back because there were others: a scenario counts them.
  set_sysctl("ipv4/icmp_ratemask", "0");
}

// IPv6 talks by itself, and a trace should show what the story asked for. The rules below are hardly ever the only way,
// so a kernel without nftables gives a noisier lab rather than none.
void drop_sent(std::string_view what) {
  try {
    apply_ruleset_here(fmt::format(
        "table ip6 wirelab {{ chain silence {{ type filter hook output priority raw; {} drop; }}; }}", what));
  } catch (const std::runtime_error& refused) {
    static_cast<void>(refused);
  }
}

// No neighbour discovery, multicast reports or router solicitations on links that carry only IPv4.
void silence_ipv6() {
  if (set_sysctl("ipv6/conf/all/disable_ipv6", "1") == Sysctl::refused) drop_sent("");
}

// Addresses may be used at once, and nobody asks for routers that are not there.
void set_ipv6_of_all(bool forwards) {
  if (set_sysctl("ipv6/conf/all/forwarding", forwards ? "1" : "0") == Sysctl::refused && forwards) {
    throw Missing("/proc/sys is read-only here, and a router needs it for IPv6\nuse a lab without IPv6 prefixes");
  }
  for (const auto* name : {"accept_dad", "addr_gen_mode", "router_solicitations", "accept_ra", "accept_redirects"}) {
    set_sysctl(std::string("ipv6/conf/default/") + name, "0");
  }
  set_sysctl("ipv6/icmp/ratemask", "\n");
  // Multicast listener reports: no switch says that nobody routes multicast here.
  drop_sent("icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report }");
}

}  // namespace

Site make_fabric_site() {
  static bool home_is_free = true;
  const int home = home_namespace();
  UniqueFd made;
  if (!std::exchange(home_is_free, false)) made = make_namespace();
  const Visit visit(made ? made.get() : home);
  silence_ipv6();
  // Bridged frames would otherwise run through the hooks of iptables and nftables as if they were routed.
  for (const auto* name : {"iptables", "ip6tables", "arptables"}) {
    set_sysctl(std::string("bridge/bridge-nf-call-") + name, "0");
  }
  return {std::move(made), Netlink{}, {}};
}

Site make_host_site(bool forwards, bool ipv6) {
  auto made = make_namespace();
  const Visit visit(made.get());
  set_ipv4_of_all(forwards);
  if (ipv6) {
    set_ipv6_of_all(forwards);
  } else {
    silence_ipv6();
  }
  Site site{std::move(made), Netlink{}, {}};
  site.netlink.add(raise_link(loopback, "bring up the loopback interface"));
  return site;
}

}  // namespace wirelab
