#include "lab/base/socket_address.hpp"

#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "lab/base/unique_fd.hpp"

namespace wirelab {
namespace {

sockaddr_storage storage_of(const SocketAddress& address) {
  sockaddr_storage storage{};
  std::memcpy(&storage, address.data(), address.size());
  return storage;
}

TEST(SocketAddress, HoldsAnEndpointAsTheKernelWantsIt) {
  const SocketAddress v4(*Endpoint::parse("10.1.2.3:258"));
  EXPECT_EQ(v4.size(), sizeof(sockaddr_in));
  EXPECT_EQ(to_hex({reinterpret_cast<const std::uint8_t*>(v4.data()) + 2, 6}), "01020a010203");
  EXPECT_EQ(v4.data()->sa_family, AF_INET);
  const SocketAddress v6(*Endpoint::parse("[fe80::1]:80"), 7);
  EXPECT_EQ(v6.size(), sizeof(sockaddr_in6));
  EXPECT_EQ(v6.data()->sa_family, AF_INET6);
  EXPECT_EQ(reinterpret_cast<const sockaddr_in6*>(v6.data())->sin6_scope_id, 7);
}

TEST(SocketAddress, GoesThereAndBack) {
  for (const auto text : {"0.0.0.0:0", "10.1.2.3:65535", "[::]:0", "[fd00::1:2]:443", "[::ffff:1.2.3.4]:1"}) {
    const auto endpoint = *Endpoint::parse(text);
    EXPECT_EQ(endpoint_from(storage_of(SocketAddress(endpoint))), endpoint) << text;
  }
  EXPECT_EQ(family_of(Ipv4{}), AF_INET);
  EXPECT_EQ(family_of(Ipv6{}), AF_INET6);
}

TEST(SocketAddress, OtherFamiliesAreNoEndpoint) {
  sockaddr_storage storage{};
  EXPECT_EQ(endpoint_from(storage), std::nullopt);
  storage.ss_family = AF_UNIX;
  EXPECT_EQ(endpoint_from(storage), std::nullopt);
}

TEST(SocketAddress, ReadsTheOwnEndOfASocket) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress any_port({Ipv4(127, 0, 0, 1), Port{0}});
  ASSERT_EQ(::bind(socket.get(), any_port.data(), any_port.size()), 0);
  const auto bound = local_endpoint(socket.get());
  EXPECT_EQ(bound.address, IpAddress(Ipv4(127, 0, 0, 1)));
  EXPECT_NE(bound.port, Port{0});
}

TEST(SocketAddress, SaysWhatItTriedInVain) {
  try {
    local_endpoint(-1);
    FAIL() << "no socket has no end";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EBADF);
    EXPECT_STREQ(error.what(), "read a socket's own address: Bad file descriptor");
  }
  const UniqueFd local(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_THROW(local_endpoint(local.get()), std::system_error) << "a Unix socket has no endpoint";
}

}  // namespace
}  // namespace wirelab
