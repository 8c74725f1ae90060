// A datagram with a bad checksum: the kernel calls the socket readable and then drops the datagram. Whoever believed it
// would wait in recv; the reference stack goes on serving.
//
//   A ----- lan ----- S
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "lab/base/checksum.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/lab.hpp"
#include "lab/stack/udp_endpoint.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;

Topology pair() {
  Topology net;
  const auto lan = net.lan("lan", {"10.0.0.0/24"});
  net.host("A", lan);
  net.host("S", lan);
  return net;
}

// A UDP datagram from a raw socket, its checksum right or wrong by one.
void send_raw(const Host& from, const IpAddress& source, const Endpoint& to, std::string_view text, bool right) {
  Bytes segment(8 + text.size());
  store_be16(segment.data(), 4000);
  store_be16(segment.data() + 2, number(to.port));
  store_be16(segment.data() + 4, static_cast<std::uint16_t>(segment.size()));
  std::memcpy(segment.data() + 8, text.data(), text.size());
  const auto checksum = transport_checksum(source, to.address, IPPROTO_UDP, segment);
  store_be16(segment.data() + 6, static_cast<std::uint16_t>(right ? checksum : checksum ^ 1));
  const UniqueFd socket(from.in([] { return check_errno(::socket(AF_INET, SOCK_RAW, IPPROTO_UDP), "raw socket"); }));
  const SocketAddress address({to.address, Port{0}});
  check_errno(
      static_cast<int>(::sendto(socket.get(), segment.data(), segment.size(), 0, address.data(), address.size())),
      "send");
}

TEST(UdpChecksum, ABadOneIsReadinessWithoutADatagram) {
  for (const auto poller : {Poller::select, Poller::poll, Poller::epoll}) {
    Lab lab(pair(), {.poller = poller});
    std::vector<std::string> heard;
    std::vector<std::string> errors;
    const UdpEndpoint server(
        lab.loop(), lab.opener("S"), {lab.address_of("S"), Port{0}},
        {.on_datagram = [&](const Datagram& datagram) { heard.emplace_back(as_text(datagram.bytes)); },
         .on_error = [&](const UdpError& error) { errors.push_back(error.error.message()); }});
    const auto send = [&](std::string_view text, bool right) {
      send_raw(lab.host("A"), lab.address_of("A"), server.local(), text, right);
    };
    // Datagrams up to 76 bytes are checked, and dropped, before anybody is woken.
    send(std::string(100, 'x'), false);
    const auto woken = [&, before = lab.loop().stats().events] { return lab.loop().stats().events > before; };
    EXPECT_TRUE(lab.loop().run_until(woken, 2s)) << "the socket counts as readable";
    const auto events = lab.loop().stats().events;
    EXPECT_FALSE(lab.loop().turn(5ms)) << "once: the loop does not spin";
    EXPECT_EQ(lab.loop().stats().events, events);
    send(std::string(200, 'x'), false);
    send("good", true);
    EXPECT_TRUE(lab.loop().run_until([&] { return !heard.empty(); }, 2s));
    EXPECT_THAT(heard, testing::ElementsAre("good")) << name_of(poller);
    EXPECT_THAT(errors, testing::IsEmpty());
  }
}

}  // namespace
}  // namespace wirelab
