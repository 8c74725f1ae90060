#include "lab/stack/udp_endpoint.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"

namespace wirelab {
namespace {

constexpr int datagrams_per_wake = 64;
constexpr std::size_t largest_datagram = 65535;

void enable(int fd, int level, int option, const char* name) {
  const int on = 1;
  check_errno(::setsockopt(fd, level, option, &on, sizeof on), name);
}

// What comes with each datagram; and without RECVERR an unconnected socket hears nothing of ICMP errors.
void ask_for_details(int fd, bool v6) {
  enable(fd, SOL_SOCKET, SO_TIMESTAMPNS, "SO_TIMESTAMPNS");
  if (v6) {
    enable(fd, IPPROTO_IPV6, IPV6_RECVERR, "IPV6_RECVERR");
    enable(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, "IPV6_RECVPKTINFO");
    enable(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, "IPV6_RECVHOPLIMIT");
  } else {
    enable(fd, IPPROTO_IP, IP_RECVERR, "IP_RECVERR");
    enable(fd, IPPROTO_IP, IP_PKTINFO, "IP_PKTINFO");
    enable(fd, IPPROTO_IP, IP_RECVTTL, "IP_RECVTTL");
  }
}

// The control messages of one datagram.
using Control = std::array<std::uint8_t, 512>;

template <class T>
T read_control(const cmsghdr& message) {
  T value{};
  std::memcpy(&value, CMSG_DATA(&message), sizeof value);
  return value;
}

template <class Visit>
void for_each_control(msghdr& message, Visit visit) {
  for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) visit(*part);
}

Stamp stamp_of(const timespec& time) {
  return Stamp(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

template <class Address>
ByteView bytes_of(const Address& address) {
  return {reinterpret_cast<const std::uint8_t*>(&address), sizeof address};
}

void read_detail(const cmsghdr& message, Datagram& datagram) {
  const auto is = [&](int level, int type) { return message.cmsg_level == level && message.cmsg_type == type; };
  if (is(SOL_SOCKET, SCM_TIMESTAMPNS)) datagram.stamp = stamp_of(read_control<timespec>(message));
  if (is(IPPROTO_IP, IP_TTL) || is(IPPROTO_IPV6, IPV6_HOPLIMIT)) {
    datagram.ttl = static_cast<unsigned>(read_control<int>(message));
  }
  if (is(IPPROTO_IP, IP_PKTINFO)) {
    datagram.destination = Ipv4::from_bytes(bytes_of(read_control<in_pktinfo>(message).ipi_spec_dst));
  }
  if (is(IPPROTO_IPV6, IPV6_PKTINFO)) {
    datagram.destination = Ipv6::from_bytes(bytes_of(read_control<in6_pktinfo>(message).ipi6_addr));
  }
}

template <class Info>
void add_control(msghdr& message, Control& control, int level, int type, const Info& info) {
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(sizeof info);
  auto* part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = level;
  part->cmsg_type = type;
  part->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(part), &info, sizeof info);
}

void send_from(const IpAddress& source, msghdr& message, Control& control) {
  if (source.is_v4()) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, source.bytes().data(), Ipv4::size);
    add_control(message, control, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, source.bytes().data(), Ipv6::size);
    add_control(message, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

bool is_icmp(const sock_extended_err& error) {
  return error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6;
}

// The offender's address lies behind the structure (SO_EE_OFFENDER of ip(7)).
std::optional<IpAddress> reporter_of(const cmsghdr& message) {
  const auto* behind = CMSG_DATA(&message) + sizeof(sock_extended_err);
  sockaddr_storage address{};
  const auto size = message.cmsg_len - CMSG_LEN(sizeof(sock_extended_err));
  std::memcpy(&address, behind, std::min(size, sizeof address));
  const auto endpoint = endpoint_from(address);
  return endpoint ? std::optional(endpoint->address) : std::nullopt;
}

void read_extended_error(const cmsghdr& message, UdpError& error) {
  const bool v4 = message.cmsg_level == IPPROTO_IP && message.cmsg_type == IP_RECVERR;
  const bool v6 = message.cmsg_level == IPPROTO_IPV6 && message.cmsg_type == IPV6_RECVERR;
  if (!v4 && !v6) return;
  const auto extended = read_control<sock_extended_err>(message);
  error.error = {static_cast<int>(extended.ee_errno), std::system_category()};
  if (extended.ee_errno == EMSGSIZE) error.mtu = extended.ee_info;
  if (!is_icmp(extended)) return;
  error.type = extended.ee_type;
  error.code = extended.ee_code;
  error.reporter = reporter_of(message);
}

}  // namespace

UdpEndpoint::UdpEndpoint(Selector& loop, const Opener& opener, const Endpoint& local, Events events,
                         const Options& options)
    : loop_(loop),
      events_(std::move(events)),
      receive_size_(std::min(options.receive_size, largest_datagram)),
      socket_(opener(Transport::udp, local)),
      local_(local_endpoint(socket_.get())) {
  ask_for_details(socket_.get(), local_.address.is_v6());
  token_ = loop_.add(socket_.get(), {.read = true}, [this](Ready ready) { on_ready(ready); });
}

std::error_code UdpEndpoint::send_to(const Endpoint& destination, ByteView datagram,
                                     const std::optional<IpAddress>& source) {
  const SocketAddress address(destination);
  // What sendmsg takes serves receiving too, hence nothing of it is const.
  iovec piece{const_cast<std::uint8_t*>(datagram.data()), datagram.size()};  // NOLINT
  alignas(cmsghdr) Control control{};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(address.data());  // NOLINT
  message.msg_namelen = address.size();
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (source) send_from(*source, message, control);
  const auto send = [&] { return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL); };
  if (send() >= 0) return {};
  // That may be what ICMP said of an earlier datagram, and this one was not sent. The kernel says it only once; a full
  // buffer and a packet filter speak for themselves.
  if (errno != EAGAIN && errno != EPERM && send() >= 0) return {};
  return {errno, std::system_category()};
}

// The error queue keeps the socket readable (in select's eyes, which cannot tell) until it is drained. An error is also
// what makes a receive fail, or find nothing.
void UdpEndpoint::on_ready(Ready ready) {
  int received = 0;
  while (received < datagrams_per_wake && receive_one()) ++received;
  if (!ready.error && received > 0 && received < datagrams_per_wake) return;
  for (int i = 0; i < datagrams_per_wake && receive_error(); ++i) {
  }
}

// False if there is none (readiness can be false), or an error came first.
bool UdpEndpoint::receive_one() {
  std::array<std::uint8_t, largest_datagram> buffer;
  alignas(cmsghdr) Control control;
  sockaddr_storage address{};
  iovec piece{buffer.data(), receive_size_};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto count = ::recvmsg(socket_.get(), &message, 0);
  if (count < 0) return false;
  const auto source = endpoint_from(address);
  if (!source || !events_.on_datagram) return true;
  Datagram datagram{.source = *source, .bytes = {buffer.data(), static_cast<std::size_t>(count)}};
  datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  for_each_control(message, [&](const cmsghdr& part) { read_detail(part, datagram); });
  events_.on_datagram(datagram);
  return true;
}

bool UdpEndpoint::receive_error() {
  alignas(cmsghdr) Control control;
  sockaddr_storage address{};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(socket_.get(), &message, MSG_ERRQUEUE) < 0) return false;
  UdpError error;
  error.destination = endpoint_from(address).value_or(Endpoint{});
  for_each_control(message, [&](const cmsghdr& part) { read_extended_error(part, error); });
  if (events_.on_error) events_.on_error(error);
  return true;
}

}  // namespace wirelab
