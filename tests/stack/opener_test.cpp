#include "lab/stack/opener.hpp"

#include <system_error>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/loop/sockets.hpp"

namespace wirelab::testing {
namespace {

const Endpoint loopback{Ipv4(127, 0, 0, 1), Port{0}};

TEST(OpenerTest, OpensBoundNonBlockingAndClosedOnExec) {
  for (const auto transport : {Transport::tcp, Transport::udp}) {
    const auto socket = open_here(transport, loopback);
    EXPECT_NE(::fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(socket.get(), F_GETFD) & FD_CLOEXEC, 0);
    const auto local = local_endpoint(socket.get());
    EXPECT_EQ(local.address, loopback.address);
    EXPECT_NE(local.port, Port{0});
  }
}

TEST(OpenerTest, TheErrorSaysWhatWasTried) {
  const auto first = open_here(Transport::udp, loopback);
  const auto taken = local_endpoint(first.get());
  try {
    (void)open_here(Transport::udp, taken);
    FAIL() << "bound twice";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EADDRINUSE);
    EXPECT_THAT(error.what(), ::testing::HasSubstr(fmt::format("bind UDP {}", taken)));
  }
}

TEST(OpenerTest, AFixedTcpPortCanBeHadAgainAtOnce) {
  const auto endpoint = local_endpoint(open_here(Transport::tcp, loopback).get());
  auto listener = open_here(Transport::tcp, endpoint);
  ::listen(listener.get(), 1);
  const auto client = inet_socket(SOCK_STREAM);
  connect_to(client.get(), endpoint);
  // The side that closes first is the one that waits.
  UniqueFd(::accept(listener.get(), nullptr, nullptr)).reset();
  listener.reset();
  EXPECT_NO_THROW((void)open_here(Transport::tcp, endpoint));
}

TEST(OpenerTest, BothVersionsOfIpMayUseOnePort) {
  const auto any4 = open_here(Transport::tcp, {Ipv4(), Port{0}});
  const auto port = local_endpoint(any4.get()).port;
  const auto probe = UniqueFd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) GTEST_SKIP() << "no IPv6 here";
  EXPECT_NO_THROW((void)open_here(Transport::tcp, {Ipv6(), port}));
}

}  // namespace
}  // namespace wirelab::testing
