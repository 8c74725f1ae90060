#include "scenarios/modes/socket_call.hpp"

#include <atomic>
#include <cerrno>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"
#include "lab/base/socket_address.hpp"
#include "lab/stack/opener.hpp"
#include "scenarios/error_name.hpp"

namespace wirelab::scenarios::modes {
namespace {

using namespace std::chrono_literals;

ssize_t receive(int fd) {
  char byte = 0;
  return ::recv(fd, &byte, 1, 0);
}

// Two connected UDP sockets on loopback.
class SocketCallTest : public testing::Test {
 protected:
  SocketCallTest() {
    connect(own, local_endpoint(peer.get()));
    connect(peer, local_endpoint(own.get()));
  }
  static UniqueFd open() { return open_here(Transport::udp, {Ipv4{127, 0, 0, 1}, Port{}}); }
  static void connect(const UniqueFd& socket, const Endpoint& remote) {
    const SocketAddress address(remote);
    check_errno(::connect(socket.get(), address.data(), address.size()), "connect");
  }
  void speak() { ASSERT_EQ(::send(peer.get(), "x", 1, 0), 1); }

  std::unique_ptr<Selector> loop = Selector::make();
  UniqueFd own = open(), peer = open();
};

TEST_F(SocketCallTest, a_blocking_call_leaves_the_loop_free) {
  Caller caller(*loop, std::move(own), Mode::blocking, 1s);
  caller.call(receive);
  EXPECT_THROW(caller.call(receive), std::logic_error);
  loop->turn(0s);
  EXPECT_FALSE(caller.returned());
  speak();
  ASSERT_TRUE(loop->run_until([&] { return caller.returned(); }, 10s));
  EXPECT_EQ(caller.outcome().result, 1);
  EXPECT_EQ(caller.outcome().error, 0);
}

TEST_F(SocketCallTest, a_blocking_call_ends_with_its_caller) {
  std::atomic<bool> begun = false, ended = false;
  {
    Caller caller(*loop, std::move(own), Mode::blocking, 1s);
    caller.call([&](int fd) {
      begun = true;
      const auto result = receive(fd);
      ended = true;
      return result;
    });
    while (!begun) std::this_thread::yield();
    loop->turn(20ms);
    EXPECT_FALSE(ended);
  }
  EXPECT_TRUE(ended);
}

TEST_F(SocketCallTest, a_blocking_connect_ends_with_its_caller) {
  // A listener whose queue is full answers no further SYN.
  const auto listener = open_here(Transport::tcp, {Ipv4{127, 0, 0, 1}, Port{}});
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  const SocketAddress address(local_endpoint(listener.get()));
  const auto connect_there = [&](int fd) { return ::connect(fd, address.data(), address.size()); };
  const auto open_tcp = [] { return open_here(Transport::tcp, {Ipv4{127, 0, 0, 1}, Port{}}); };
  const auto first = open_tcp();
  connect_there(first.get());
  Caller caller(*loop, open_tcp(), Mode::blocking, 1s);
  caller.call(connect_there);
  loop->turn(20ms);
  EXPECT_FALSE(caller.returned());
}

TEST_F(SocketCallTest, a_time_out_is_kept) {
  Caller caller(*loop, std::move(own), Mode::time_out, 30ms);
  caller.call(receive);
  ASSERT_TRUE(loop->run_until([&] { return caller.returned(); }, 10s));
  EXPECT_TRUE(caller.outcome().failed_with(EAGAIN));
  EXPECT_GE(caller.outcome().took(), 30ms);
}

TEST_F(SocketCallTest, a_non_blocking_call_is_repeated_when_the_loop_says_so) {
  Caller caller(*loop, std::move(own), Mode::non_blocking, 1s);
  caller.call_and_wait(receive, {.read = true}, receive);
  EXPECT_TRUE(caller.outcome().failed_with(EAGAIN));
  EXPECT_TRUE(caller.is_waiting());
  speak();
  ASSERT_TRUE(loop->run_until([&] { return !caller.is_waiting(); }, 10s));
  EXPECT_EQ(caller.sequel()->result, 1);
  EXPECT_EQ(caller.sequel()->called, caller.outcome().called);
}

TEST_F(SocketCallTest, what_is_there_at_once_has_no_sequel) {
  speak();
  Caller caller(*loop, std::move(own), Mode::non_blocking, 1s);
  caller.call_and_wait(receive, {.read = true}, receive);
  EXPECT_EQ(caller.outcome().result, 1);
  EXPECT_FALSE(caller.is_waiting());
  EXPECT_FALSE(caller.sequel());
}

TEST_F(SocketCallTest, what_fails_at_once_has_no_sequel) {
  Caller caller(*loop, open_here(Transport::tcp, {Ipv4{127, 0, 0, 1}, Port{}}), Mode::non_blocking, 1s);
  const SocketAddress broadcast({Ipv4{255, 255, 255, 255}, Port{9}});
  caller.call_and_wait([&](int fd) { return ::connect(fd, broadcast.data(), broadcast.size()); }, {.write = true},
                       [](int) -> ssize_t { return 0; });
  EXPECT_LT(caller.outcome().result, 0);
  EXPECT_FALSE(caller.is_waiting());
  EXPECT_FALSE(caller.sequel());
}

TEST(Outcome, as_text) {
  const Stamp now{};
  EXPECT_EQ((Outcome{-1, EAGAIN, now, now + 8us}).to_string("{} bytes"), "EAGAIN after 8 us");
  EXPECT_EQ((Outcome{5, 0, now, now + 203ms}).to_string("{} bytes"), "5 bytes after 203 ms");
  EXPECT_EQ((Outcome{0, 0, now, now + 3070ms}).to_string("connected"), "connected after 3.07 s");
  EXPECT_EQ(name_of_error(123456), "123456");
}

}  // namespace
}  // namespace wirelab::scenarios::modes
