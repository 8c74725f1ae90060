#include "raw/raw_socket.hpp"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include "lab/base/checksum.hpp"
#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "raw/interface.hpp"
#include "raw/receive.hpp"

namespace wirelab::raw {
namespace {

constexpr std::size_t largest_packet = 65535;

int family_of(IpVersion version) { return version == IpVersion::v4 ? AF_INET : AF_INET6; }

void bind_to_interface(int fd, const std::string& name) {
  if (name.empty()) return;
  (void)interface_named(name);
  set_option(fd, SOL_SOCKET, SO_BINDTODEVICE, name.data(), name.size(), fmt::format("bind to {}", name));
}

// With `dont_fragment` nothing is cut into fragments, IPv4 packets whose header the kernel makes get DF, and what the
// kernel has learned of the path's MTU is left aside.
void forbid_fragments(int fd, IpVersion version, bool dont_fragment) {
  if (version == IpVersion::v4) {
    const int discover = dont_fragment ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, discover, "choose DF");
  } else {
    const int discover = dont_fragment ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT;
    set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, discover, "choose whose MTU counts");
    set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, dont_fragment ? 1 : 0, "choose whether to fragment");
  }
}

void let_in_v4(int fd) {
  icmp_filter filter{};
  filter.data = ~0U;
  for (const int type :
       {ICMP_ECHOREPLY, ICMP_DEST_UNREACH, ICMP_SOURCE_QUENCH, ICMP_REDIRECT, ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB})
    filter.data &= ~(1U << type);
  set_option(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter, "filter ICMP");
}

void let_in_v6(int fd) {
  icmp6_filter filter{};
  ICMP6_FILTER_SETBLOCKALL(&filter);
  for (const int type :
       {ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED, ICMP6_PARAM_PROB, ICMP6_ECHO_REPLY})
    ICMP6_FILTER_SETPASS(type, &filter);
  set_option(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter, "filter ICMPv6");
  set_option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "ask for the hop limit");
  set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "ask for the destination");
}

Stamp send_from(int fd, const Packet& packet, Layer layer, const Witness& witness) {
  const auto bytes = packet.from(layer);
  const auto destination = packet.destination();
  if (witness) witness({stamp_now(), {}, layer, packet.protocol(), destination, copy_of(bytes)});
  const SocketAddress to({destination, Port{}});
  const auto when = stamp_now();
  const auto sent = ::sendto(fd, bytes.data(), bytes.size(), 0, to.data(), to.size());
  if (sent < 0) throw_errno(fmt::format("send {} bytes made by hand to {}", bytes.size(), destination));
  return when;
}

void require_version(const Packet& packet, IpVersion version) {
  if (packet.is_v4() != (version == IpVersion::v4)) throw std::logic_error("a raw socket sends one IP version only");
}

}  // namespace

RawIcmpSocket::RawIcmpSocket(IpVersion version, Witness witness, const std::string& interface)
    : version_(version),
      witness_(std::move(witness)),
      fd_(open_stamped(family_of(version), SOCK_RAW, version == IpVersion::v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
                       "a raw ICMP socket")),
      buffer_(largest_packet) {
  bind_to_interface(fd(), interface);
  if (version == IpVersion::v4) {
    let_in_v4(fd());
  } else {
    let_in_v6(fd());
  }
}

void RawIcmpSocket::obey_header(const Packet& packet) const {
  if (packet.is_v4()) {
    set_option(fd(), IPPROTO_IP, IP_TTL, packet.ttl(), "set the TTL");
  } else {
    set_option(fd(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, packet.ttl(), "set the hop limit");
  }
  forbid_fragments(fd(), version_, packet.dont_fragment());
}

Stamp RawIcmpSocket::send(const Packet& packet) {
  require_version(packet, version_);
  if (packet.protocol() != (packet.is_v4() ? protocol_icmp : protocol_icmpv6))
    throw std::logic_error("a raw ICMP socket sends ICMP only");
  if (!packet.is_v4() &&
      transport_checksum(packet.source(), packet.destination(), protocol_icmpv6, packet.from(Layer::transport)) != 0)
    throw std::logic_error("the kernel would mend the checksum: send a wrong one at the network or Ethernet layer");
  obey_header(packet);
  return send_from(fd(), packet, Layer::transport, witness_);
}

std::optional<IcmpArrival> RawIcmpSocket::receive() {
  const auto received = receive_one(fd(), buffer_);
  if (!received) return std::nullopt;
  if (version_ == IpVersion::v4) return IcmpArrival{parse_icmp(received->bytes), received->stamp};
  const auto from = endpoint_from(received->from);
  if (!from || !received->destination) return IcmpArrival{Malformed{"no address", 0}, received->stamp};
  return IcmpArrival{parse_icmpv6(received->bytes, from->address.v6(), *received->destination, received->hop_limit),
                     received->stamp};
}

RawIpSocket::RawIpSocket(IpVersion version, Witness witness, const std::string& interface)
    : version_(version),
      witness_(std::move(witness)),
      fd_(open_stamped(family_of(version), SOCK_RAW, IPPROTO_RAW, "a raw IP socket")) {
  bind_to_interface(fd_.get(), interface);
  forbid_fragments(fd_.get(), version, true);
}

Stamp RawIpSocket::send(const Packet& packet) {
  require_version(packet, version_);
  const auto bytes = packet.from(Layer::network);
  if (packet.is_v4()) {
    const bool kept = internet_checksum(bytes.first(ipv4_header_size)) == 0 && load_be16(&bytes[2]) == bytes.size();
    if (!kept || load_be16(&bytes[4]) == 0)
      throw std::logic_error("the kernel would rewrite the IPv4 header: send this packet at the Ethernet layer");
  }
  return send_from(fd_.get(), packet, Layer::network, witness_);
}

}  // namespace wirelab::raw
