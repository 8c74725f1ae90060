#include "scenarios/cli/doctor_sockets.hpp"

#include <array>
#include <cstring>
#include <map>
#include <span>
#include <string_view>

#include <fmt/format.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lab/base/unique_fd.hpp"

namespace wirelab::cli {
namespace {

struct Protocol {
  int number;
  std::string_view name;  // empty: the family's own
};
struct Kind {
  int type;
  std::string_view name;
  std::span<const Protocol> protocols;
};
struct Family {
  int number;
  std::string_view name;
  std::span<const Kind> kinds;
};

constexpr std::array<Protocol, 1> own{{{0, ""}}};

constexpr std::array<Protocol, 4> inet_stream{
    {{IPPROTO_TCP, "TCP"}, {IPPROTO_MPTCP, "MPTCP"}, {IPPROTO_SCTP, "SCTP"}, {256, "SMC"}}};
constexpr std::array<Protocol, 4> inet_dgram{
    {{IPPROTO_UDP, "UDP"}, {IPPROTO_UDPLITE, "UDP-Lite"}, {IPPROTO_ICMP, "ICMP"}, {115, "L2TP"}}};
constexpr std::array<Protocol, 4> inet6_dgram{
    {{IPPROTO_UDP, "UDP"}, {IPPROTO_UDPLITE, "UDP-Lite"}, {IPPROTO_ICMPV6, "ICMPv6"}, {115, "L2TP"}}};
constexpr std::array<Protocol, 6> inet_raw{{{IPPROTO_ICMP, "ICMP"},
                                            {IPPROTO_IGMP, "IGMP"},
                                            {IPPROTO_TCP, "TCP"},
                                            {IPPROTO_UDP, "UDP"},
                                            {IPPROTO_GRE, "GRE"},
                                            {IPPROTO_RAW, "IP header included"}}};
constexpr std::array<Protocol, 5> inet6_raw{{{IPPROTO_ICMPV6, "ICMPv6"},
                                             {IPPROTO_TCP, "TCP"},
                                             {IPPROTO_UDP, "UDP"},
                                             {IPPROTO_GRE, "GRE"},
                                             {IPPROTO_RAW, "IP header included"}}};
constexpr std::array<Protocol, 1> sctp{{{IPPROTO_SCTP, "SCTP"}}};
constexpr std::array<Protocol, 1> dccp{{{IPPROTO_DCCP, "DCCP"}}};
constexpr std::array<Protocol, 7> netlink{{{NETLINK_ROUTE, "route"},
                                           {NETLINK_SOCK_DIAG, "sock_diag"},
                                           {NETLINK_XFRM, "xfrm"},
                                           {NETLINK_AUDIT, "audit"},
                                           {NETLINK_NETFILTER, "netfilter"},
                                           {NETLINK_KOBJECT_UEVENT, "uevent"},
                                           {NETLINK_GENERIC, "generic"}}};
constexpr std::array<Protocol, 1> key_v2{{{2, "PF_KEY v2"}}};
constexpr std::array<Protocol, 2> can_raw{{{1, "CAN"}, {7, "J1939"}}};

constexpr std::array<Kind, 5> inet_kinds{{{SOCK_STREAM, "stream", inet_stream},
                                          {SOCK_DGRAM, "datagram", inet_dgram},
                                          {SOCK_SEQPACKET, "sequenced", sctp},
                                          {SOCK_DCCP, "dccp", dccp},
                                          {SOCK_RAW, "raw", inet_raw}}};
constexpr std::array<Kind, 5> inet6_kinds{{{SOCK_STREAM, "stream", inet_stream},
                                           {SOCK_DGRAM, "datagram", inet6_dgram},
                                           {SOCK_SEQPACKET, "sequenced", sctp},
                                           {SOCK_DCCP, "dccp", dccp},
                                           {SOCK_RAW, "raw", inet6_raw}}};
constexpr std::array<Kind, 1> netlink_kinds{{{SOCK_RAW, "raw", netlink}}};
constexpr std::array<Kind, 1> key_kinds{{{SOCK_RAW, "raw", key_v2}}};
constexpr std::array<Kind, 2> can_kinds{{{SOCK_RAW, "raw", can_raw}, {SOCK_DGRAM, "datagram", own}}};
constexpr std::array<Kind, 5> any_kind{{{SOCK_STREAM, "stream", own},
                                        {SOCK_DGRAM, "datagram", own},
                                        {SOCK_SEQPACKET, "sequenced", own},
                                        {SOCK_RDM, "reliable datagram", own},
                                        {SOCK_RAW, "raw", own}}};

// Every number that Linux has given out for sockets; the gaps never had any.
constexpr std::array<Family, 36> families{{{AF_UNIX, "AF_UNIX", any_kind},
                                           {AF_INET, "AF_INET", inet_kinds},
                                           {AF_INET6, "AF_INET6", inet6_kinds},
                                           {AF_NETLINK, "AF_NETLINK", netlink_kinds},
                                           {AF_PACKET, "AF_PACKET", any_kind},
                                           {AF_VSOCK, "AF_VSOCK", any_kind},
                                           {AF_XDP, "AF_XDP", any_kind},
                                           {AF_ALG, "AF_ALG", any_kind},
                                           {AF_KEY, "AF_KEY", key_kinds},
                                           {AF_CAN, "AF_CAN", can_kinds},
                                           {AF_BLUETOOTH, "AF_BLUETOOTH", any_kind},
                                           {AF_TIPC, "AF_TIPC", any_kind},
                                           {AF_RDS, "AF_RDS", any_kind},
                                           {AF_SMC, "AF_SMC", any_kind},
                                           {AF_KCM, "AF_KCM", any_kind},
                                           {AF_QIPCRTR, "AF_QIPCRTR", any_kind},
                                           {AF_MCTP, "AF_MCTP", any_kind},
                                           {AF_PPPOX, "AF_PPPOX", any_kind},
                                           {AF_LLC, "AF_LLC", any_kind},
                                           {AF_NFC, "AF_NFC", any_kind},
                                           {AF_RXRPC, "AF_RXRPC", any_kind},
                                           {AF_PHONET, "AF_PHONET", any_kind},
                                           {AF_IEEE802154, "AF_IEEE802154", any_kind},
                                           {AF_CAIF, "AF_CAIF", any_kind},
                                           {AF_ISDN, "AF_ISDN", any_kind},
                                           {AF_IUCV, "AF_IUCV", any_kind},
                                           {AF_ATMPVC, "AF_ATMPVC", any_kind},
                                           {AF_ATMSVC, "AF_ATMSVC", any_kind},
                                           {AF_AX25, "AF_AX25", any_kind},
                                           {AF_NETROM, "AF_NETROM", any_kind},
                                           {AF_ROSE, "AF_ROSE", any_kind},
                                           {AF_X25, "AF_X25", any_kind},
                                           {AF_APPLETALK, "AF_APPLETALK", any_kind},
                                           {AF_IPX, "AF_IPX", any_kind},
                                           {AF_DECnet, "AF_DECnet", any_kind},
                                           {AF_IRDA, "AF_IRDA", any_kind}}};

// What opened, as "stream (TCP, MPTCP)", and what did not, by the kernel's reason.
struct Outcome {
  std::vector<std::string> opened;
  std::map<std::string, std::vector<std::string>> refused;
};

Outcome try_family(const Family& family) {
  Outcome outcome;
  for (const auto& kind : family.kinds) {
    std::vector<std::string_view> names;
    bool opened = false;
    for (const auto& protocol : kind.protocols) {
      const UniqueFd socket(::socket(family.number, kind.type | SOCK_CLOEXEC, protocol.number));
      if (socket) {
        opened = true;
        if (!protocol.name.empty()) names.push_back(protocol.name);
      } else {
        outcome.refused[std::strerror(errno)].push_back(
            protocol.name.empty() ? std::string(kind.name) : fmt::format("{} {}", kind.name, protocol.name));
      }
    }
    if (opened)
      outcome.opened.push_back(names.empty() ? std::string(kind.name)
                                             : fmt::format("{} ({})", kind.name, fmt::join(names, ", ")));
  }
  return outcome;
}

std::string in_words(const Outcome& outcome) {
  auto text = fmt::format("{}", fmt::join(outcome.opened, ", "));
  for (const auto& [reason, names] : outcome.refused) text += fmt::format("; {}: {}", reason, fmt::join(names, ", "));
  return text;
}

}  // namespace

void examine_sockets(const Report& report) {
  constexpr auto section = "sockets";
  std::map<std::string, std::vector<std::string_view>> closed;
  for (const auto& family : families) {
    const auto outcome = try_family(family);
    if (!outcome.opened.empty()) {
      report({.section = section, .what = std::string(family.name), .ok = true, .why = in_words(outcome)});
    } else {
      // A family that is not there refuses everything for one reason.
      closed[outcome.refused.begin()->first].push_back(family.name);
    }
  }
  for (const auto& [reason, names] : closed)
    report({.section = section,
            .what = "other families",
            .ok = false,
            .why = fmt::format("{}: {}", reason, fmt::join(names, ", ")),
            .todo = "nothing here needs them"});
}

}  // namespace wirelab::cli
