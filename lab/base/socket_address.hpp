// Between Endpoint and what the socket calls take. Public.
#pragma once

#include <optional>

#include <sys/socket.h>

#include "lab/base/address.hpp"

namespace wirelab {

// An Endpoint as sockaddr_in or sockaddr_in6, with its length.
class SocketAddress {
 public:
  // `interface` is the index that a link-local IPv6 address needs; 0 for none.
  explicit SocketAddress(const Endpoint& endpoint, unsigned interface = 0);
  [[nodiscard]] const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const { return size_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

// AF_INET or AF_INET6.
int family_of(const IpAddress& address);
// Nothing unless `storage` holds an IPv4 or IPv6 address.
std::optional<Endpoint> endpoint_from(const sockaddr_storage& storage);
// The own end of a socket; throws std::system_error.
Endpoint local_endpoint(int fd);

}  // namespace wirelab
