#include "raw/route.hpp"

#include <cstring>

#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/net/netlink.hpp"

namespace wirelab::raw {
namespace {

std::optional<ByteView> find(const nlmsghdr& message, std::uint16_t attribute) {
  return find_attribute(message, sizeof(rtmsg), attribute);
}

IpAddress address_in(ByteView bytes, bool v4) {
  if (v4) return Ipv4::from_bytes(bytes);
  return Ipv6::from_bytes(bytes);
}

Route read_answer(const nlmsghdr& message, const IpAddress& target) {
  const auto type = header_of<rtmsg>(message).rtm_type;
  if (type != RTN_UNICAST && type != RTN_LOCAL)
    throw_errno(fmt::format("find a route to {}, which is no host's address", target), EINVAL);
  Route route{.source = target, .next_hop = target, .loopback = type == RTN_LOCAL};
  if (const auto source = find(message, RTA_PREFSRC)) route.source = address_in(*source, target.is_v4());
  if (const auto gateway = find(message, RTA_GATEWAY)) route.next_hop = address_in(*gateway, target.is_v4());
  if (const auto index = find(message, RTA_OIF)) std::memcpy(&route.interface, index->data(), sizeof route.interface);
  return route;
}

}  // namespace

Route route_to(const IpAddress& target, unsigned interface) {
  Request question(RTM_GETROUTE, 0, fmt::format("find a route to {}", target));
  auto& header = question.header<rtmsg>();
  header.rtm_family = static_cast<unsigned char>(family_of(target));
  header.rtm_dst_len = static_cast<unsigned char>(target.bytes().size() * 8);
  question.put(RTA_DST, target.bytes());
  if (interface != 0) question.put32(RTA_OIF, interface);
  Route route;
  Netlink().get(question, [&](const nlmsghdr& answer) { route = read_answer(answer, target); });
  return route;
}

}  // namespace wirelab::raw
