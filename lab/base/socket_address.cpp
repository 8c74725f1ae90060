#include "lab/base/socket_address.hpp"

#include <cstring>

#include <netinet/in.h>

#include "lab/base/error.hpp"

namespace wirelab {

SocketAddress::SocketAddress(const Endpoint& endpoint, unsigned interface) {
  if (endpoint.address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(number(endpoint.port));
    v4.sin_addr.s_addr = htonl(endpoint.address.v4().number());
    std::memcpy(&storage_, &v4, sizeof v4);
    size_ = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(number(endpoint.port));
    std::memcpy(&v6.sin6_addr, endpoint.address.v6().bytes().data(), Ipv6::size);
    v6.sin6_scope_id = interface;
    std::memcpy(&storage_, &v6, sizeof v6);
    size_ = sizeof v6;
  }
}

int family_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

std::optional<Endpoint> endpoint_from(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    return Endpoint{Ipv4::from_number(ntohl(v4.sin_addr.s_addr)), Port{ntohs(v4.sin_port)}};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof v6);
    return Endpoint{Ipv6::from_bytes({v6.sin6_addr.s6_addr, Ipv6::size}), Port{ntohs(v6.sin6_port)}};
  }
  return std::nullopt;
}

Endpoint local_endpoint(int fd) {
  constexpr auto what = "read a socket's own address";
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  check_errno(::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size), what);
  const auto endpoint = endpoint_from(storage);
  if (!endpoint) throw_errno(what, EAFNOSUPPORT);
  return *endpoint;
}

}  // namespace wirelab
