#include <array>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/net/counters.hpp"
#include "raw/patch.hpp"
#include "raw/udp_probe.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/readiness/cases.hpp"

namespace wirelab::scenarios::readiness {
namespace {

constexpr Port open_port{17202};
constexpr Port closed_port{17203};
// The kernel reckons the checksum of up to 76 bytes, header included, as soon as they come, and the socket never hears
// of a wrong one; that of longer datagrams when they are read.
constexpr std::size_t long_enough = 200;
constexpr int many = 1000;

UniqueFd open(Stage& stage, std::string_view host, Port port = {}) {
  return stage.lab.opener(host)(Transport::udp, {stage.address_of(host), port});
}

void send_empty(int fd, const Endpoint& to) {
  const SocketAddress address(to);
  check_errno(static_cast<int>(::sendto(fd, nullptr, 0, 0, address.data(), address.size())), "send a datagram");
}

void connect(int fd, const Endpoint& to) {
  const SocketAddress address(to);
  check_errno(::connect(fd, address.data(), address.size()), "connect a UDP socket");
}

std::string receive_twice(int fd) { return in_turn({try_receive(fd), try_receive(fd)}); }

// How many of many polls say ERR, which a loop would wake for.
int polls_with_error(int fd) {
  int found = 0;
  for (int n = 0; n < many; ++n) found += poll_report(fd) == "OUT ERR" ? 1 : 0;
  return found;
}

void drain_errors(int fd) {
  std::array<char, 512> data{}, control{};
  iovec place{.iov_base = data.data(), .iov_len = data.size()};
  msghdr message{};
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  do {
    message.msg_controllen = control.size();
  } while (::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0);
}

void arrive(Stage& stage, Cases& cases) {
  const auto socket = open(stage, "S", open_port);
  const auto sender = open(stage, "A");
  const auto local = local_endpoint(socket.get());
  stage.lab.step("A sends an empty datagram to S's port {}", open_port);
  send_empty(sender.get(), local);
  cases.add({.name = "UDP: empty datagram", .select = "r w", .poll = "IN OUT", .then = "recv 0, recv EAGAIN"},
            socket.get(), receive_twice,
            {stage.seen("S:eth0", look_for::datagram(local_endpoint(sender.get()), local))});

  // Linux counts what it finds while it is polled as UDP over IPv4, whatever it was.
  const auto discarded = [&host = stage.lab.host("S"), ipv6 = stage.settings.ipv6] {
    return kernel_counter(host, "Udp", "InCsumErrors") + (ipv6 ? kernel_counter(host, "Udp6", "InCsumErrors") : 0);
  };
  const auto before = discarded();
  raw::UdpProbe forger(raw::at(stage.lab, "A"), local, stage.lab.random(), {.data = std::string(long_enough, 'x')});
  const auto spoil = [&](Stamp since) {
    forger.send(raw::break_checksum);
    const auto* spoiled =
        stage.seen("S:eth0", look_for::datagram({stage.address_of("A"), forger.source()}, local), since);
    stage.made_wrong(spoiled);
    return Evidence{spoiled};
  };
  stage.lab.step("A sends a datagram with a wrong checksum, made by hand");
  const auto first = spoil({});
  cases.add({.name = "UDP: wrong checksum", .select = "r w", .poll = "IN OUT", .then = "recv EAGAIN"}, socket.get(),
            try_receive, first);
  check_errno(::fcntl(socket.get(), F_SETFL, 0), "make a socket block");
  stage.lab.step("A sends it again; now S's socket is a blocking one, for which the kernel looks before it says ready");
  const auto second = spoil(stamp_now());
  cases.add({.name = "UDP: the same, blocking", .select = "w", .poll = "OUT", .then = "recv EAGAIN"}, socket.get(),
            try_receive, second);
  const auto counted = discarded() - before;
  stage.check(
      fmt::format("S's kernel counted both as discarded for their checksums (UDP InCsumErrors: {} more)", counted),
      counted == 2, first + second);
}

// A datagram from a new socket of A to a port where nobody listens.
void refuse(Stage& stage, Cases& cases, const Case& expected,
            const std::function<void(int fd, const Endpoint&)>& prepare,
            const std::function<std::string(int fd)>& next) {
  const Endpoint closed{stage.address_of("S"), closed_port};
  const auto socket = open(stage, "A");
  prepare(socket.get(), closed);
  send_empty(socket.get(), closed);
  cases.add(expected, socket.get(), next,
            {stage.seen("A:eth0", look_for::error_for_udp(closed.address, local_endpoint(socket.get()).port))});
}

void complain(Stage& stage, Cases& cases) {
  stage.lab.step("A sends datagrams to S's port {}, where nobody listens; S's kernel says so by ICMP", closed_port);
  refuse(
      stage, cases, {.name = "UDP: port unreachable", .select = "w", .poll = "OUT", .then = "recv EAGAIN"},
      [](int, const Endpoint&) {}, try_receive);
  refuse(stage, cases,
         {.name = "UDP: the same, connected",
          .select = "r w",
          .poll = "OUT ERR",
          .then = "recv ECONNREFUSED, recv EAGAIN"},
         connect, receive_twice);
  refuse(
      stage, cases,
      {.name = "UDP: the same, IP_RECVERR",
       .select = "r w",
       .poll = "OUT ERR",
       .then = fmt::format("recv ECONNREFUSED, recv EAGAIN, {0} of {0} polls wake; error queue read: 0 of {0}", many)},
      [&](int fd, const Endpoint&) {
        const int on = 1;
        const int level = stage.settings.ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
        check_errno(::setsockopt(fd, level, stage.settings.ipv6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on),
                    "ask for ICMP errors");
      },
      [](int fd) {
        const auto received = receive_twice(fd);
        const auto woken = polls_with_error(fd);
        drain_errors(fd);
        return fmt::format("{}, {} of {} polls wake; error queue read: {} of {}", received, woken, many,
                           polls_with_error(fd), many);
      });
}

}  // namespace

void play_udp(Stage& stage, Cases& cases) {
  complain(stage, cases);
  arrive(stage, cases);
  stage.suggest_filter(fmt::format("udp.dstport == {} && udp.length > {}", open_port, long_enough),
                       "the datagrams with a wrong checksum");
}

}  // namespace wirelab::scenarios::readiness
