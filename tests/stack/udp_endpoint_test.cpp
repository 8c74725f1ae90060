#include "lab/stack/udp_endpoint.hpp"

#include <gmock/gmock.h>

#include "tests/stack/stack_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

struct UdpEndpointTest : StackTest {
  UdpEndpoint::Events events() {
    return {.on_datagram =
                [this](const Datagram& datagram) { received.emplace_back(datagram.source, as_text(datagram.bytes)); },
            .on_error = [this](const UdpError& error) { errors.push_back(error); }};
  }
  // An address at which nobody is.
  static Endpoint closed_port() {
    const auto socket = inet_socket(SOCK_DGRAM);
    return bind_to_loopback(socket.get());
  }

  std::vector<std::pair<Endpoint, std::string>> received;
  std::vector<UdpError> errors;
  UdpEndpoint here{loop, open_here, loopback, events()};
  UdpEndpoint there{loop, open_here, loopback, {}};
};

TEST_P(UdpEndpointTest, HandsOutDatagramsWithTheirSource) {
  EXPECT_FALSE(there.send_to(here.local(), as_bytes("one")));
  EXPECT_FALSE(there.send_to(here.local(), as_bytes("two")));
  EXPECT_TRUE(until([&] { return received.size() == 2; }));
  EXPECT_THAT(received, ElementsAre(Pair(there.local(), "one"), Pair(there.local(), "two")));
}

TEST_P(UdpEndpointTest, AnEmptyDatagramIsDataAndTheLargestIsWhole) {
  const auto largest = pattern(65507);
  EXPECT_FALSE(there.send_to(here.local(), {}));
  EXPECT_FALSE(there.send_to(here.local(), as_bytes(largest)));
  EXPECT_TRUE(until([&] { return received.size() == 2; }));
  EXPECT_EQ(received[0].second, "");
  EXPECT_TRUE(received[1].second == largest);
}

TEST_P(UdpEndpointTest, OneThatIsTooBigIsRefused) {
  const auto error = there.send_to(here.local(), as_bytes(pattern(65508)));
  EXPECT_EQ(error.value(), EMSGSIZE);
}

TEST_P(UdpEndpointTest, TakesAtMost64InATurn) {
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(there.send_to(here.local(), as_bytes("x")));
  loop.turn(soon);
  EXPECT_EQ(received.size(), 64U);
  loop.turn(soon);
  EXPECT_EQ(received.size(), 100U);
}

TEST_P(UdpEndpointTest, TellsWhatIcmpSays) {
  const auto nobody = closed_port();
  EXPECT_FALSE(here.send_to(nobody, as_bytes("anybody?")));
  EXPECT_TRUE(until([&] { return !errors.empty(); }));
  EXPECT_EQ(errors[0].error.value(), ECONNREFUSED);
  EXPECT_EQ(errors[0].destination, nobody);
  EXPECT_EQ(errors[0].reporter, IpAddress(Ipv4(127, 0, 0, 1)));
  EXPECT_EQ(errors[0].type, 3);
  EXPECT_EQ(errors[0].code, 3);
}

TEST_P(UdpEndpointTest, AnErrorLeavesNothingThatWouldSpinTheLoop) {
  EXPECT_FALSE(here.send_to(closed_port(), as_bytes("anybody?")));
  EXPECT_TRUE(until([&] { return !errors.empty(); }));
  while (loop.turn(0ns)) {
  }
  EXPECT_EQ(errors.size(), 1U);
  EXPECT_LT(loop.stats().events, 5U);
}

TEST_P(UdpEndpointTest, ErrorsBehindDatagramsAreToldToo) {
  EXPECT_FALSE(there.send_to(here.local(), as_bytes("data")));
  EXPECT_FALSE(here.send_to(closed_port(), as_bytes("anybody?")));
  EXPECT_TRUE(until([&] { return !errors.empty() && !received.empty(); }));
  while (loop.turn(0ns)) {
  }
  EXPECT_EQ(errors.size(), 1U);
  EXPECT_EQ(received.size(), 1U);
}

TEST_P(UdpEndpointTest, AnErrorOfOneDatagramDoesNotSwallowTheNext) {
  const auto nobody = closed_port();
  UdpEndpoint sender(loop, open_here, loopback, {});
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(sender.send_to(nobody, as_bytes("anybody?")));
    EXPECT_FALSE(sender.send_to(here.local(), as_bytes("x")));
  }
  EXPECT_TRUE(until([&] { return received.size() == 3; }));
}

// As after a datagram with a bad checksum: readable, and then there is nothing. Here two thieves, registered before and
// after the victim, share its socket, so that one of them comes first in every backend's order.
TEST_P(UdpEndpointTest, ReadinessMayBeFalse) {
  UniqueFd low(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  UniqueFd high;
  int thefts = 0;
  const auto steal_by = [&](int fd) {
    return loop.add(fd, reading, [&thefts, fd](Ready) {
      char byte = 0;
      if (::recv(fd, &byte, 1, 0) == 1) ++thefts;
    });
  };
  Selector::Token before;
  UdpEndpoint victim(
      loop,
      [&](Transport transport, const Endpoint& local) {
        auto socket = open_here(transport, local);
        high = UniqueFd(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
        ::dup3(socket.get(), low.get(), O_CLOEXEC);
        before = steal_by(low.get());
        return socket;
      },
      loopback, events());
  const auto after = steal_by(high.get());
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(there.send_to(victim.local(), as_bytes("x")));
    EXPECT_TRUE(loop.turn(soon));
  }
  EXPECT_EQ(thefts, 50);
  EXPECT_TRUE(received.empty());
  EXPECT_TRUE(errors.empty());
  loop.remove(before);
  loop.remove(after);
}

TEST_P(UdpEndpointTest, TellsWhatTheKernelKnowsOfADatagram) {
  std::vector<Datagram> details;
  std::string text;
  UdpEndpoint everywhere(loop, open_here, {Ipv4(), Port{0}},
                         {.on_datagram =
                              [&](const Datagram& datagram) {
                                details.push_back(datagram);
                                text = as_text(datagram.bytes);
                              },
                          .on_error = {}});
  const auto before = stamp_now();
  EXPECT_FALSE(there.send_to({Ipv4(127, 0, 0, 9), everywhere.local().port}, as_bytes("x")));
  EXPECT_TRUE(until([&] { return details.size() == 1; }));
  EXPECT_EQ(details[0].source, there.local());
  EXPECT_EQ(details[0].destination, IpAddress(Ipv4(127, 0, 0, 9)));
  EXPECT_EQ(details[0].ttl, 64U);
  EXPECT_FALSE(details[0].truncated);
  EXPECT_GE(details[0].stamp, before - 1s) << "the clocks of kernel and process may differ by a tick";
  EXPECT_LE(details[0].stamp, stamp_now() + 1s);

  // The answer comes from the address that was asked.
  EXPECT_FALSE(everywhere.send_to(here.local(), as_bytes("answer"), details[0].destination));
  EXPECT_TRUE(until([&] { return !received.empty(); }));
  EXPECT_EQ(received[0].first.address, IpAddress(Ipv4(127, 0, 0, 9)));
  EXPECT_TRUE(everywhere.send_to(here.local(), as_bytes("x"), IpAddress(Ipv4(192, 0, 2, 1)))) << "no address of ours";
}

TEST_P(UdpEndpointTest, TellsThatADatagramWasLongerThanItsRoom) {
  std::vector<std::pair<std::string, bool>> heard;
  UdpEndpoint narrow(
      loop, open_here, loopback,
      {.on_datagram =
           [&](const Datagram& datagram) { heard.emplace_back(as_text(datagram.bytes), datagram.truncated); },
       .on_error = {}},
      {.receive_size = 4});
  EXPECT_FALSE(there.send_to(narrow.local(), as_bytes("long one")));
  EXPECT_FALSE(there.send_to(narrow.local(), as_bytes("fits")));
  EXPECT_TRUE(until([&] { return heard.size() == 2; }));
  EXPECT_THAT(heard, ElementsAre(Pair("long", true), Pair("fits", false)));
}

TEST_P(UdpEndpointTest, SpeaksIpv6) {
  const Endpoint loopback6{*Ipv6::parse("::1"), Port{0}};
  UniqueFd probe(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress address(loopback6);
  if (!probe || ::bind(probe.get(), address.data(), address.size()) < 0) GTEST_SKIP() << "no IPv6 on loopback here";
  const auto nobody = local_endpoint(probe.get());
  probe.reset();
  auto events6 = events();
  Datagram last;
  events6.on_datagram = [&](const Datagram& datagram) {
    last = datagram;
    received.emplace_back(datagram.source, as_text(datagram.bytes));
  };
  UdpEndpoint a(loop, open_here, loopback6, events6);
  UdpEndpoint b(loop, open_here, loopback6, {});
  EXPECT_FALSE(b.send_to(a.local(), as_bytes("six"), loopback6.address));
  EXPECT_FALSE(a.send_to(nobody, as_bytes("x")));
  EXPECT_TRUE(until([&] { return received.size() == 1 && errors.size() == 1; }));
  EXPECT_EQ(received[0].first, b.local());
  EXPECT_EQ(last.destination, loopback6.address);
  EXPECT_EQ(last.ttl, 64U);
  EXPECT_EQ(errors[0].error.value(), ECONNREFUSED);
  EXPECT_EQ(errors[0].destination, nobody);
  EXPECT_EQ(errors[0].reporter, loopback6.address);
  EXPECT_EQ(errors[0].type, 1) << "RFC 4443, 3.1";
  EXPECT_EQ(errors[0].code, 4);
}

INSTANTIATE_TEST_SUITE_P(All, UdpEndpointTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
