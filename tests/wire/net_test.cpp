// The network as it is found from inside a lab.
#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "lab/net/links.hpp"
#include "tests/wire/net_labs.hpp"
#include "tests/wire/net_ping.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;

class NetworkOf : public testing::TestWithParam<Shape> {};

TEST_P(NetworkOf, AnswersTheFirstPing) {
  const auto network = Network::up(GetParam().make());
  const auto& s = network.host("S");
  for (const auto& [address, prefix] : s.interfaces()[0].addresses) {
    const auto rtt = ping(network.host("A"), address);
    ASSERT_TRUE(rtt) << address.to_string();
    // A lost ARP request or neighbour solicitation is sent again after a second.
    EXPECT_LT(*rtt, 900ms) << address.to_string();
  }
}

INSTANTIATE_TEST_SUITE_P(Every, NetworkOf, testing::ValuesIn(shapes()));

TEST(Network, IsWhatTheTopologySays) {
  const auto network = Network::up(shapes()[2].make());
  const auto& r2 = network.host("R2");
  EXPECT_TRUE(r2.forwards());
  EXPECT_FALSE(network.host("A").forwards());
  EXPECT_EQ(network.hosts().size(), 5U);
  const auto& two = r2.interface("eth1");
  EXPECT_EQ(two.segment, "two");
  EXPECT_EQ(two.mac.to_string(), "02:77:00:00:00:05");
  EXPECT_EQ(two.mtu, 1400U);
  EXPECT_EQ(two.addresses[0].address.to_string(), "10.0.3.1");
  EXPECT_EQ(two.addresses[0].prefix.to_string(), "10.0.3.0/24");
  EXPECT_EQ(r2.address().to_string(), "10.0.2.2");
  r2.in([&] {
    EXPECT_EQ(::if_nametoindex("eth1"), two.index);
    ifreq request{};
    std::strcpy(request.ifr_name, "eth1");
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::ioctl(socket.get(), SIOCGIFMTU, &request), 0);
    EXPECT_EQ(request.ifr_mtu, 1400);
  });
  EXPECT_GT(r2.namespace_fd(), 1023);
}

TEST(Network, RefusesUnknownNames) {
  const auto network = Network::up(pair());
  EXPECT_THROW(static_cast<void>(network.host("C")), std::logic_error);
  EXPECT_THROW(static_cast<void>(network.host("A").interface("eth1")), std::logic_error);
}

TEST(Network, RefusesAnUnfinishedTopology) {
  Topology net;
  net.host("A", net.link("half", {"10.0.0.0/31"}));
  EXPECT_THROW(static_cast<void>(Network::up(net)), TopologyError);
}

TEST(Network, ManyHostsOnOneLanSeeEachOther) {
  Topology net;
  const auto lan = net.lan("lan", {"10.0.0.0/24"});
  for (int i = 1; i <= 30; ++i) net.host(fmt::format("h{}", i), lan);
  const auto network = Network::up(net);
  for (const auto& host : network.hosts()) EXPECT_TRUE(ping(network.hosts()[0], host.address())) << host.name();
}

TEST(Network, ManyLinksInARing) {
  constexpr std::size_t routers = 40;
  Topology net;
  std::vector<Topology::SegmentId> links;
  for (std::size_t i = 0; i < routers; ++i) {
    const auto prefix = fmt::format("10.0.{}.0/31", i);
    links.push_back(net.link(fmt::format("l{}", i), {prefix}));
  }
  for (std::size_t i = 0; i < routers; ++i) net.router(fmt::format("r{}", i), {links[i], links[(i + 1) % routers]});
  const auto network = Network::up(net);
  EXPECT_TRUE(ping(network.host("r0"), network.host("r20").address()));
}

TEST(Network, TwoLabsOfTheSameNamesAreApart) {
  const auto one = Network::up(pair());
  const auto two = Network::up(pair());
  ASSERT_TRUE(ping(one.host("A"), one.host("B").address()));
  EXPECT_EQ(counters_of(two.host("B")), (Counters{0, 0}));
}

TEST(Network, KeepsItsHostsWhenMoved) {
  auto network = Network::up(pair());
  const Host& a = network.host("A");
  const auto moved = std::move(network);
  EXPECT_EQ(&moved.host("A"), &a);
  EXPECT_TRUE(ping(a, moved.host("B").address()));
}

// True once the interface is gone from this namespace; waits for up to two seconds.
bool vanishes(const char* interface) {
  const auto deadline = std::chrono::steady_clock::now() + 2s;
  while (::if_nametoindex(interface) != 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

// A child holds a lab and puts one end of a cable into a host of it. The other end, here, goes when that host does.
void expect_to_go_with_its_process(const Topology& topology) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const UniqueFd ready(pipe[0]);
  UniqueFd tell(pipe[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto network = Network::up(topology);
    Netlink here;
    here.add(make_cable({.name = "witness"}, {.name = "w", .namespace_fd = network.host("B").namespace_fd()}, "cable"));
    here.flush();
    static_cast<void>(!::write(tell.get(), "x", 1));
    for (;;) ::pause();
  }
  tell.reset();
  char byte = 0;
  ASSERT_EQ(::read(ready.get(), &byte, 1), 1);
  ASSERT_NE(::if_nametoindex("witness"), 0U);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(vanishes("witness"));
}

TEST(Network, GoesWithItsProcess) { expect_to_go_with_its_process(pair()); }

TEST(Network, GoesWithItsProcessAlsoWithEmulatedLinks) {
  auto net = pair();
  net.impair({0}, {.delay = 25ms});
  expect_to_go_with_its_process(net);
}

}  // namespace
}  // namespace wirelab
