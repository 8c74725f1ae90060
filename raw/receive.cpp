#include "raw/receive.hpp"

#include <cstring>
#include <ctime>

#include <fmt/format.h>
#include <netinet/in.h>

#include "lab/base/error.hpp"

namespace wirelab::raw {
namespace {

template <class T>
T data_of(const cmsghdr* message) {
  T value{};
  std::memcpy(&value, CMSG_DATA(message), sizeof value);
  return value;
}

void read_control(const cmsghdr* message, Received& received) {
  if (message->cmsg_level == SOL_SOCKET && message->cmsg_type == SCM_TIMESTAMPNS) {
    const auto time = data_of<timespec>(message);
    received.stamp = Stamp(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  } else if (message->cmsg_level == IPPROTO_IPV6 && message->cmsg_type == IPV6_HOPLIMIT) {
    received.hop_limit = static_cast<std::uint8_t>(data_of<int>(message));
  } else if (message->cmsg_level == IPPROTO_IPV6 && message->cmsg_type == IPV6_PKTINFO) {
    const auto info = data_of<in6_pktinfo>(message);
    received.destination = Ipv6::from_bytes(info.ipi6_addr.s6_addr);
  }
}

}  // namespace

UniqueFd open_raw(int family, int type, int protocol, std::string_view what) {
  UniqueFd fd(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!fd && (errno == EPERM || errno == EACCES))
    throw Denied(
        fmt::format("{} needs the capability CAP_NET_RAW, which this process does not have\n"
                    "run it with sudo, or play it in a private lab: wirelab run",
                    what));
  check_errno(fd.get(), fmt::format("open {}", what));
  return fd;
}

UniqueFd open_stamped(int family, int type, int protocol, std::string_view what) {
  auto fd = open_raw(family, type, protocol, what);
  set_option(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, 1, "ask for kernel timestamps");
  return fd;
}

void set_option(int fd, int level, int option, const void* value, std::size_t size, std::string_view what) {
  check_errno(::setsockopt(fd, level, option, value, static_cast<socklen_t>(size)), what);
}

void set_option(int fd, int level, int option, int value, std::string_view what) {
  set_option(fd, level, option, &value, sizeof value, what);
}

std::optional<Received> receive_one(int fd, MutableBytes buffer) {
  Received received;
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) std::array<std::uint8_t, 256> control{};
  msghdr message{};
  message.msg_name = &received.from;
  message.msg_namelen = sizeof received.from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto size = ::recvmsg(fd, &message, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  check_errno(static_cast<int>(size), "receive a packet");
  received.bytes = ByteView(buffer).first(static_cast<std::size_t>(size));
  for (auto* entry = CMSG_FIRSTHDR(&message); entry != nullptr; entry = CMSG_NXTHDR(&message, entry))
    read_control(entry, received);
  return received;
}

}  // namespace wirelab::raw
