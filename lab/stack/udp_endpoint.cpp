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

// Without it an unconnected socket hears nothing of ICMP errors.
void hear_icmp_errors(int fd, bool v6) {
  const int on = 1;
  const int result = v6 ? ::setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on)
                        : ::setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  check_errno(result, "IP_RECVERR");
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
  sock_extended_err extended{};
  std::memcpy(&extended, CMSG_DATA(&message), sizeof extended);
  error.error = {static_cast<int>(extended.ee_errno), std::system_category()};
  if (extended.ee_errno == EMSGSIZE) error.mtu = extended.ee_info;
  if (!is_icmp(extended)) return;
  error.type = extended.ee_type;
  error.code = extended.ee_code;
  error.reporter = reporter_of(message);
}

}  // namespace

UdpEndpoint::UdpEndpoint(Selector& loop, const Opener& opener, const Endpoint& local, Events events)
    : loop_(loop),
      events_(std::move(events)),
      socket_(opener(Transport::udp, local)),
      local_(local_endpoint(socket_.get())) {
  hear_icmp_errors(socket_.get(), local_.address.is_v6());
  token_ = loop_.add(socket_.get(), {.read = true}, [this](Ready ready) { on_ready(ready); });
}

std::error_code UdpEndpoint::send_to(const Endpoint& destination, ByteView datagram) {
  const SocketAddress address(destination);
  const auto send = [&] {
    return ::sendto(socket_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL, address.data(), address.size());
  };
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
  if (!ready.error && received > 0) return;
  for (int i = 0; i < datagrams_per_wake && receive_error(); ++i) {
  }
}

// False if there is none (readiness can be false), or an error came first.
bool UdpEndpoint::receive_one() {
  std::array<std::uint8_t, largest_datagram> buffer;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const auto count =
      ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&address), &size);
  if (count < 0) return false;
  const auto source = endpoint_from(address);
  if (source && events_.on_datagram) events_.on_datagram(*source, {buffer.data(), static_cast<std::size_t>(count)});
  return true;
}

bool UdpEndpoint::receive_error() {
  sockaddr_storage address{};
  alignas(cmsghdr) std::array<std::uint8_t, 512> control{};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(socket_.get(), &message, MSG_ERRQUEUE) < 0) return false;
  UdpError error;
  error.destination = endpoint_from(address).value_or(Endpoint{});
  for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    read_extended_error(*part, error);
  }
  if (events_.on_error) events_.on_error(error);
  return true;
}

}  // namespace wirelab
