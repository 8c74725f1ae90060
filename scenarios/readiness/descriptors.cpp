#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/readiness/cases.hpp"
#include "scenarios/readiness/descriptor_limit.hpp"

namespace wirelab::scenarios::readiness {
namespace {

constexpr int beyond = 1500;  // FD_SETSIZE is 1024
constexpr std::string_view message = "0123456789";

// A datagram socket of A and one of S that sends to it.
struct Pair {
  explicit Pair(Stage& stage)
      : own(stage.lab.opener("A")(Transport::udp, {stage.address_of("A"), Port{}})),
        peer(stage.lab.opener("S")(Transport::udp, {stage.address_of("S"), Port{}})),
        to(local_endpoint(own.get())),
        from(local_endpoint(peer.get())) {}

  // The datagram as A's tap saw it.
  const capture::Packet* send(Stage& stage) const {
    const auto since = stamp_now();
    const SocketAddress address(to);
    const auto sent = ::sendto(peer.get(), message.data(), message.size(), 0, address.data(), address.size());
    check_errno(static_cast<int>(sent), "send a datagram");
    return stage.seen("A:eth0", look_for::datagram(from, to), since);
  }

  UniqueFd own, peer;
  Endpoint to, from;
};

void read_file(Cases& cases) {
  const UniqueFd file(check_errno(::memfd_create("empty", MFD_CLOEXEC), "make a file in memory"));
  cases.add({.name = "regular file, at its end", .select = "r w", .poll = "IN OUT", .then = "read 0", .epoll = "EPERM"},
            file.get(),
            [](int fd) {
              char byte = 0;
              return fmt::format("read {}", ::read(fd, &byte, 1));
            },
            {});
}

// epoll watches what is open behind a descriptor and forgets it with its last descriptor; the others know numbers only.
void close_watched(Stage& stage, Cases& cases) {
  constexpr int high = 150;  // not the first free one, which the next thing that is opened gets
  UniqueFd event(check_errno(::eventfd(1, EFD_CLOEXEC), "make an eventfd"));
  UniqueFd closed(check_errno(::fcntl(event.get(), F_DUPFD_CLOEXEC, high), "duplicate a descriptor"));
  event.reset();
  const int number = closed.get();
  const Epoll level(number, Epoll::Trigger::level);
  const auto before = level.ask();
  closed.reset();
  auto report = report_of(number);
  const auto refused = std::exchange(report.epoll, level.ask());
  report.edge = report.edge_again = "-";
  const auto then = fmt::format("epoll_ctl {}", refused);
  stage.check_count(
      "a closed descriptor: select fails for all that it was asked, poll says NVAL, epoll has forgotten it",
      before == "IN OUT" && report == Report{"EBADF", "NVAL", "-", "-", "-"} && refused == "EBADF",
      fmt::format("{}; then {}", report.to_string(), then));
  cases.tell("closed descriptor", report, then);
}

void go_beyond(Stage& stage, Cases& cases) {
  const auto descriptors = DescriptorLimit::at_least(beyond + 1);
  if (descriptors.limit() <= beyond) {
    stage.lab.note("no descriptor {}: this process may hold {} only", beyond, descriptors.limit());
    return;
  }
  stage.lab.step("S sends to a socket of A whose descriptor is moved beyond 1023, where FD_SET ends");
  const Pair pair(stage);
  const UniqueFd high(check_errno(::fcntl(pair.own.get(), F_DUPFD_CLOEXEC, beyond), "duplicate a descriptor"));
  const auto* arrived = pair.send(stage);
  cases.add({.name = fmt::format("descriptor {}, data there", high.get()),
             .select = "r w",
             .poll = "IN OUT",
             .then = fmt::format("recv {}", message.size())},
            high.get(), try_receive, {arrived});
}

// Two datagrams come, and one is read.
void leave_unread(Stage& stage, Cases& cases) {
  stage.lab.step("S sends two datagrams, and A's program reads one; later S sends a third");
  const Pair pair(stage);
  const int fd = pair.own.get();
  const Epoll level(fd, Epoll::Trigger::level), edge(fd, Epoll::Trigger::edge);
  (void)edge.ask();  // that there is room to write
  Evidence evidence{pair.send(stage), pair.send(stage)};
  await_state(stage, [&] { return poll_report(fd) == "IN OUT"; });
  const auto told = edge.ask();
  (void)try_receive(fd);
  auto report = report_of(fd);
  const auto level_says = level.ask(), edge_says = edge.ask();
  stage.check(
      "data left unread: level-triggered reports it again, edge-triggered does not, and whoever waits would hang",
      told == "IN OUT" && level_says == "IN OUT" && edge_says == "-", evidence,
      fmt::format("level-triggered {}, edge-triggered {} and then {}", level_says, told, edge_says));
  evidence.push_back(pair.send(stage));
  std::string later = "-";
  await_state(stage, [&] { return later != "-" || (later = edge.ask()) != "-"; });
  const auto rest = in_turn({try_receive(fd), try_receive(fd), try_receive(fd)});
  stage.check("only the next datagram wakes it: who is edge-triggered must read until EAGAIN",
              later == "IN OUT" && rest == "recv 10, recv 10, recv EAGAIN", {evidence.back()},
              fmt::format("{}; {}", later, rest));
  report.edge = edge_says;
  cases.tell("data left unread", report, in_turn({"a new datagram", rest}));
}

}  // namespace

void play_descriptors(Stage& stage, Cases& cases) {
  read_file(cases);
  close_watched(stage, cases);
  go_beyond(stage, cases);
  leave_unread(stage, cases);
}

}  // namespace wirelab::scenarios::readiness
