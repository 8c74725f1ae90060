// What the kernel really reports: a table, a line a fact, held against plain select and poll and all three backends.
#include <algorithm>
#include <functional>
#include <ostream>
#include <vector>

#include <poll.h>
#include <sys/select.h>

#include "tests/loop/selector_fixture.hpp"

namespace wirelab::testing {
namespace {

using namespace std::chrono_literals;

// A descriptor in some state, and what keeps it there.
struct Scene {
  UniqueFd fd;
  UniqueFd other;
  std::vector<UniqueFd> rest;
};

Scene connected() {
  auto listener = inet_socket(SOCK_STREAM);
  const auto endpoint = bind_to_loopback(listener.get());
  check_errno(::listen(listener.get(), 1), "listen");
  Scene scene{.fd = inet_socket(SOCK_STREAM)};
  connect_to(scene.fd.get(), endpoint);
  pollfd polled{.fd = listener.get(), .events = POLLIN, .revents = 0};
  ::poll(&polled, 1, 2000);
  scene.other = UniqueFd(check_errno(::accept(listener.get(), nullptr, nullptr), "accept"));
  return scene;
}

void reset(UniqueFd& fd) {
  const linger now_and_hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now_and_hard, sizeof now_and_hard);
  fd.reset();
}

Scene fresh() { return {.fd = inet_socket(SOCK_STREAM)}; }

// Bound, but nobody listens: this port refuses.
Scene refused() {
  Scene scene{.fd = inet_socket(SOCK_STREAM), .other = inet_socket(SOCK_STREAM)};
  connect_to(scene.fd.get(), bind_to_loopback(scene.other.get()));
  return scene;
}

Scene half_closed() {
  auto scene = connected();
  ::shutdown(scene.other.get(), SHUT_WR);
  return scene;
}

Scene peer_closed() {
  auto scene = connected();
  scene.other.reset();
  return scene;
}

Scene peer_reset() {
  auto scene = connected();
  reset(scene.other);
  return scene;
}

Scene closed_with_unread_data() {
  auto scene = connected();
  write_to(scene.fd.get(), "unread");
  pollfd polled{.fd = scene.other.get(), .events = POLLIN, .revents = 0};
  ::poll(&polled, 1, 2000);
  scene.other.reset();
  return scene;
}

Scene reset_before_accept() {
  Scene scene{.fd = inet_socket(SOCK_STREAM)};
  const auto endpoint = bind_to_loopback(scene.fd.get());
  check_errno(::listen(scene.fd.get(), 1), "listen");
  auto client = inet_socket(SOCK_STREAM);
  connect_to(client.get(), endpoint);
  pollfd polled{.fd = client.get(), .events = POLLOUT, .revents = 0};
  ::poll(&polled, 1, 2000);
  reset(client);
  return scene;
}

Scene udp_unreachable() {
  Scene scene{.fd = inet_socket(SOCK_DGRAM)};
  auto closed = inet_socket(SOCK_DGRAM);
  connect_to(scene.fd.get(), bind_to_loopback(closed.get()));
  closed.reset();
  write_to(scene.fd.get(), "x");
  return scene;
}

Scene empty_datagram() {
  Scene scene{.fd = inet_socket(SOCK_DGRAM), .other = inet_socket(SOCK_DGRAM)};
  connect_to(scene.other.get(), bind_to_loopback(scene.fd.get()));
  check_errno(static_cast<int>(::send(scene.other.get(), "", 0, 0)), "send");
  return scene;
}

// What a call gives: its result, or the negative errno.
ssize_t outcome(ssize_t result) { return result < 0 ? -errno : result; }
ssize_t receive(const Scene& scene) {
  char byte = 0;
  return outcome(::recv(scene.fd.get(), &byte, 1, 0));
}
ssize_t send_one(const Scene& scene) { return outcome(::send(scene.fd.get(), "x", 1, MSG_NOSIGNAL)); }
int take_error(const Scene& scene) {
  int error = 0;
  socklen_t size = sizeof error;
  check_errno(::getsockopt(scene.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size), "SO_ERROR");
  return error;
}

void tells_its_error_once(Scene& scene) {
  EXPECT_EQ(take_error(scene), ECONNREFUSED);
  EXPECT_EQ(take_error(scene), 0);
}
void can_still_send(Scene& scene) {
  EXPECT_EQ(receive(scene), 0);
  EXPECT_EQ(send_one(scene), 1);
}
void breaks_on_the_second_send(Scene& scene) {
  EXPECT_EQ(send_one(scene), 1);
  pollfd polled{.fd = scene.fd.get(), .events = 0, .revents = 0};
  EXPECT_EQ(::poll(&polled, 1, 2000), 1) << "the answer is a reset";
  EXPECT_EQ(send_one(scene), -EPIPE);
}
void receives_the_reset(Scene& scene) {
  EXPECT_EQ(receive(scene), -ECONNRESET);
  EXPECT_EQ(receive(scene), 0);
  EXPECT_EQ(send_one(scene), -EPIPE);
}
void accepts_a_dead_connection(Scene& scene) {
  const Scene accepted{.fd = UniqueFd(::accept(scene.fd.get(), nullptr, nullptr))};
  EXPECT_TRUE(accepted.fd);
  EXPECT_EQ(receive(accepted), -ECONNRESET);
}
void receives_the_refusal(Scene& scene) {
  EXPECT_EQ(receive(scene), -ECONNREFUSED);
  EXPECT_EQ(receive(scene), -EAGAIN);
}
void receives_nothing_as_data(Scene& scene) {
  EXPECT_EQ(receive(scene), 0);
  EXPECT_EQ(receive(scene), -EAGAIN) << "0 was a datagram, not the end";
}
void is_not_to_be_watched(Scene& scene) { EXPECT_EQ(receive(scene), -ENOTCONN); }

constexpr int in = POLLIN, out = POLLOUT, err = POLLERR, hup = POLLHUP, rdhup = POLLRDHUP;

struct Fact {
  const char* name;
  Scene (*scene)();
  const char* select;  // of the sets r, w and e
  int poll;            // asked for IN, OUT, PRI and RDHUP
  void (*then)(Scene&);
};
void PrintTo(const Fact& fact, std::ostream* stream) { *stream << fact.name; }

// clang-format off
const Fact facts[] = {
  {"FreshTcpSocket",       fresh,                   "rw", out | hup,                    is_not_to_be_watched},
  {"RefusedConnect",       refused,                 "rw", in | out | err | hup | rdhup, tells_its_error_once},
  {"PeerShutDownWriting",  half_closed,             "rw", in | out | rdhup,             can_still_send},
  {"PeerClosed",           peer_closed,             "rw", in | out | rdhup,             breaks_on_the_second_send},
  {"PeerReset",            peer_reset,              "rw", in | out | err | hup | rdhup, receives_the_reset},
  {"ClosedWithUnreadData", closed_with_unread_data, "rw", in | out | err | hup | rdhup, receives_the_reset},
  {"ResetBeforeAccept",    reset_before_accept,     "r",  in,                           accepts_a_dead_connection},
  {"UdpUnreachable",       udp_unreachable,         "rw", out | err,                    receives_the_refusal},
  {"EmptyUdpDatagram",     empty_datagram,          "rw", in | out,                     receives_nothing_as_data},
};
// clang-format on

int polled(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP, .revents = 0};
  ::poll(&entry, 1, 0);
  return entry.revents;
}

std::string selected(int fd) {
  fd_set sets[3];
  for (auto& set : sets) {
    FD_ZERO(&set);
    FD_SET(fd, &set);
  }
  timeval at_once{};
  ::select(fd + 1, &sets[0], &sets[1], &sets[2], &at_once);
  std::string text;
  for (int i = 0; i < 3; ++i) {
    if (FD_ISSET(fd, &sets[i])) text += "rwe"[i];
  }
  return text;
}

struct KernelTest : ::testing::TestWithParam<Fact> {};

TEST_P(KernelTest, ReportsAsTheTableSays) {
  const auto& fact = GetParam();
  auto scene = fact.scene();
  const int fd = scene.fd.get();
  // Loopback delivers at once, or nearly.
  const auto deadline = now() + soon;
  while (polled(fd) != fact.poll && now() < deadline) {
  }
  EXPECT_EQ(polled(fd), fact.poll);
  EXPECT_EQ(selected(fd), fact.select);

  const std::string_view sets = fact.select;
  for (const auto poller : {Poller::select, Poller::poll, Poller::epoll}) {
    const bool tells = poller != Poller::select;
    const Ready wanted{.readable = sets.find('r') != sets.npos,
                       .writable = sets.find('w') != sets.npos,
                       .error = tells && (fact.poll & err) != 0,
                       .hang_up = tells && (fact.poll & (hup | rdhup)) != 0};
    const auto loop = Selector::make(poller);
    std::vector<Ready> seen;
    (void)loop->add(fd, both, [&](Ready ready) { seen.push_back(ready); });
    loop->turn(0ns);
    EXPECT_EQ(seen, std::vector{wanted}) << name_of(poller);
  }
  fact.then(scene);
}

INSTANTIATE_TEST_SUITE_P(Table, KernelTest, ::testing::ValuesIn(facts),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace wirelab::testing
