#include "lab/net/links.hpp"

#include <array>
#include <utility>

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

namespace wirelab {
namespace {

constexpr std::uint16_t fresh = NLM_F_CREATE | NLM_F_EXCL;

std::uint8_t family_of_address(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

void put_end(Request& request, const CableEnd& end) {
  request.header<ifinfomsg>().ifi_index = static_cast<int>(end.index);
  request.put_text(IFLA_IFNAME, end.name).put32(IFLA_MTU, end.mtu);
  // One queue each: the kernel would make as many as the machine has processors.
  request.put32(IFLA_NUM_TX_QUEUES, 1).put32(IFLA_NUM_RX_QUEUES, 1);
  if (end.mac != Mac{}) request.put(IFLA_ADDRESS, end.mac.bytes());
  if (end.namespace_fd >= 0) request.put32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(end.namespace_fd));
  if (end.bridge != 0) request.put32(IFLA_MASTER, end.bridge);
}

}  // namespace

Request make_cable(const CableEnd& end, const CableEnd& other, std::string what) {
  Request request(RTM_NEWLINK, fresh, std::move(what));
  put_end(request, end);
  request.nest(IFLA_LINKINFO, [&] {
    request.put_text(IFLA_INFO_KIND, "veth");
    request.nest(IFLA_INFO_DATA, [&] { request.nest(VETH_INFO_PEER, [&] { put_end(request, other); }); });
  });
  return request;
}

Request make_bridge(const std::string& name, unsigned index, std::uint32_t mtu, std::string what) {
  Request request(RTM_NEWLINK, fresh, std::move(what));
  request.header<ifinfomsg>().ifi_index = static_cast<int>(index);
  request.put_text(IFLA_IFNAME, name).put32(IFLA_MTU, mtu);
  request.nest(IFLA_LINKINFO, [&] {
    request.put_text(IFLA_INFO_KIND, "bridge");
    request.nest(IFLA_INFO_DATA, [&] {
      request.put32(IFLA_BR_STP_STATE, 0).put32(IFLA_BR_FORWARD_DELAY, 0).put8(IFLA_BR_MCAST_SNOOPING, 0);
    });
  });
  return request;
}

Request raise_link(unsigned index, std::string what) {
  Request request(RTM_NEWLINK, 0, std::move(what));
  auto& header = request.header<ifinfomsg>();
  header.ifi_index = static_cast<int>(index);
  header.ifi_flags = header.ifi_change = IFF_UP;
  return request;
}

Request set_ipv4(unsigned index, bool forwards, std::string what) {
  const std::array<std::pair<std::uint16_t, std::uint32_t>, 10> switches{{
      {IPV4_DEVCONF_FORWARDING, forwards ? 1 : 0},
      {IPV4_DEVCONF_RP_FILTER, 0},
      {IPV4_DEVCONF_ACCEPT_REDIRECTS, 0},
      {IPV4_DEVCONF_SEND_REDIRECTS, 0},
      {IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE, 0},
      {IPV4_DEVCONF_PROXY_ARP, 0},
      {IPV4_DEVCONF_ARP_ACCEPT, 0},
      {IPV4_DEVCONF_ARP_NOTIFY, 0},
      {IPV4_DEVCONF_ARP_IGNORE, 0},
      {IPV4_DEVCONF_ARP_ANNOUNCE, 0},
  }};
  Request request(RTM_NEWLINK, 0, std::move(what));
  request.header<ifinfomsg>().ifi_index = static_cast<int>(index);
  request.nest(IFLA_AF_SPEC, [&] {
    request.nest(AF_INET, [&] {
      request.nest(IFLA_INET_CONF, [&] {
        for (const auto& [which, value] : switches) request.put32(which, value);
      });
    });
  });
  return request;
}

Request add_address(unsigned index, const IpAddress& address, unsigned prefix_length, std::string what) {
  Request request(RTM_NEWADDR, fresh, std::move(what));
  auto& header = request.header<ifaddrmsg>();
  header.ifa_family = family_of_address(address);
  header.ifa_prefixlen = static_cast<std::uint8_t>(prefix_length);
  header.ifa_index = index;
  request.put(IFA_LOCAL, address.bytes()).put(IFA_ADDRESS, address.bytes());
  return request;
}

Request add_route(unsigned index, const Prefix& destination, const IpAddress& gateway, std::string what) {
  Request request(RTM_NEWROUTE, fresh, std::move(what));
  auto& header = request.header<rtmsg>();
  header.rtm_family = family_of_address(gateway);
  header.rtm_dst_len = static_cast<std::uint8_t>(destination.length());
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  if (destination.length() > 0) request.put(RTA_DST, destination.address().bytes());
  request.put(RTA_GATEWAY, gateway.bytes()).put32(RTA_OIF, index);
  return request;
}

}  // namespace wirelab
