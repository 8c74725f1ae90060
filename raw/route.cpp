#include "raw/route.hpp"

#include <array>
#include <memory>

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"

namespace wirelab::raw {
namespace {

using Netlink = std::unique_ptr<mnl_socket, int (*)(mnl_socket*)>;
// An answer about one route takes a few hundred bytes.
using Buffer = std::array<std::uint8_t, 8192>;

Netlink open_netlink() {
  Netlink socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC), &mnl_socket_close);
  if (!socket) throw_errno("open a netlink socket");
  check_errno(mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID), "bind a netlink socket");
  return socket;
}

void put_question(Buffer& buffer, const IpAddress& target, unsigned interface) {
  auto* const message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = RTM_GETROUTE;
  message->nlmsg_flags = NLM_F_REQUEST;
  auto* const route = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(rtmsg)));
  route->rtm_family = static_cast<unsigned char>(family_of(target));
  route->rtm_dst_len = static_cast<unsigned char>(target.bytes().size() * 8);
  mnl_attr_put(message, RTA_DST, target.bytes().size(), target.bytes().data());
  if (interface != 0) mnl_attr_put_u32(message, RTA_OIF, interface);
}

IpAddress address_in(const nlattr* attribute, bool v4) {
  const ByteView bytes(static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute)),
                       mnl_attr_get_payload_len(attribute));
  if (v4) return Ipv4::from_bytes(bytes);
  return Ipv6::from_bytes(bytes);
}

struct Reading {
  bool v4;
  Route route;
};

int read_attribute(const nlattr* attribute, void* data) {
  auto& [v4, route] = *static_cast<Reading*>(data);
  switch (mnl_attr_get_type(attribute)) {
    case RTA_PREFSRC:
      route.source = address_in(attribute, v4);
      break;
    case RTA_GATEWAY:
      route.next_hop = address_in(attribute, v4);
      break;
    case RTA_OIF:
      route.interface = mnl_attr_get_u32(attribute);
      break;
    default:
      break;
  }
  return MNL_CB_OK;
}

Route read_answer(const nlmsghdr* message, const IpAddress& target) {
  const auto& header = *static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  if (header.rtm_type != RTN_UNICAST && header.rtm_type != RTN_LOCAL)
    throw_errno(fmt::format("find a route to {}, which is no host's address", target), EINVAL);
  Reading reading{.v4 = target.is_v4(),
                  .route = {.source = target, .next_hop = target, .loopback = header.rtm_type == RTN_LOCAL}};
  mnl_attr_parse(message, sizeof(rtmsg), read_attribute, &reading);
  return reading.route;
}

}  // namespace

Route route_to(const IpAddress& target, unsigned interface) {
  const auto what = fmt::format("find a route to {}", target);
  const auto socket = open_netlink();
  alignas(nlmsghdr) Buffer buffer{};
  put_question(buffer, target, interface);
  const auto* const question = reinterpret_cast<const nlmsghdr*>(buffer.data());
  check_errno(static_cast<int>(mnl_socket_sendto(socket.get(), question, question->nlmsg_len)), what);
  const auto size = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
  check_errno(static_cast<int>(size), what);
  const auto* const answer = reinterpret_cast<const nlmsghdr*>(buffer.data());
  if (!mnl_nlmsg_ok(answer, static_cast<int>(size))) throw_errno(what, EPROTO);
  if (answer->nlmsg_type == NLMSG_ERROR)
    throw_errno(what, -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(answer))->error);
  return read_answer(answer, target);
}

}  // namespace wirelab::raw
