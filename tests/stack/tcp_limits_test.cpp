// What a server does when there is too much of something: clients, silence, open files, patience.
#include <thread>

#include <sys/resource.h>

#include "tests/stack/server_fixture.hpp"

namespace wirelab::testing {
namespace {

struct ImpatientServerTest : TcpServerTest {
  ImpatientServerTest() : TcpServerTest({.connection = {.close_limit = 20ms}}) {}
};

TEST_P(ImpatientServerTest, CloseGivesUpOnAPeerThatNeverEnds) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  server.close(id);
  EXPECT_TRUE(closed(id));
  EXPECT_EQ(told.closed[id].cause, CloseCause::close_timeout);
}

TEST_P(ImpatientServerTest, CloseGivesUpOnAPeerThatNeverReads) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  EXPECT_TRUE(server.send(id, as_bytes(pattern(16 << 20))));
  server.close(id);
  EXPECT_TRUE(closed(id));
  EXPECT_EQ(told.closed[id].cause, CloseCause::close_timeout);
}

INSTANTIATE_TEST_SUITE_P(All, ImpatientServerTest, all_pollers, poller_name);

struct IdleLimitTest : TcpServerTest {
  IdleLimitTest() : TcpServerTest({.connection = {.idle_limit = limit}}) {}
  static constexpr auto limit = 600ms;
};

TEST_P(IdleLimitTest, WhoIsSilentIsClosedAndWhoSpeaksIsNot) {
  TcpServer::ClientId silent{};
  TcpServer::ClientId speaking{};
  const auto a = client(silent);
  const auto b = client(speaking);
  const auto speak = loop.every(1ms, [&] { write_to(b.get(), "x"); });
  EXPECT_TRUE(closed(silent));
  EXPECT_EQ(told.closed[silent].cause, CloseCause::idle);
  EXPECT_EQ(told.closed[silent].to_string(), "idle for too long");
  EXPECT_EQ(end_of(a.get()), 0) << "nothing was under way: no reason to reset";
  EXPECT_TRUE(server.is_open(speaking));
  loop.cancel(speak);
  const auto since = now();
  EXPECT_TRUE(closed(speaking));
  EXPECT_GE(now() - since, limit / 2) << "from the last byte on, not from the first";
}

TEST_P(IdleLimitTest, WhoIsSpokenToIsNotIdleAsLongAsItListens) {
  const auto much = pattern(16 << 20);
  TcpServer::ClientId listening{};
  TcpServer::ClientId deaf{};
  const auto a = client(listening);
  const auto b = client(deaf);
  EXPECT_TRUE(server.send(deaf, as_bytes(much)));
  const auto speak = loop.every(1ms, [&] { server.send(listening, as_bytes("x")); });
  EXPECT_TRUE(closed(deaf));
  EXPECT_EQ(told.closed[deaf].cause, CloseCause::idle);
  EXPECT_TRUE(server.is_open(listening));
  loop.cancel(speak);
}

TEST_P(IdleLimitTest, CostsOneTimerALimitAndNotOneAMessage) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  told.echo = nullptr;
  const auto before = loop.stats().timers;
  for (int i = 1; i <= 1000; ++i) {
    write_to(peer.get(), "x");
    ASSERT_TRUE(until([&] { return told.received[id].size() == static_cast<std::size_t>(i); }));
  }
  EXPECT_LT(loop.stats().timers - before, 100U);
}

INSTANTIATE_TEST_SUITE_P(All, IdleLimitTest, all_pollers, poller_name);

struct FullServerTest : TcpServerTest {
  FullServerTest() : TcpServerTest({.max_clients = 2}) {}
};

TEST_P(FullServerTest, ResetsThoseBeyondAndTakesThemAgainOnceThereIsRoom) {
  TcpServer::ClientId first{};
  TcpServer::ClientId second{};
  auto a = client(first);
  const auto b = client(second);
  const auto c = client();
  EXPECT_EQ(end_of(c.get()), ECONNRESET);
  EXPECT_EQ(server.stats().refused, 1U);
  EXPECT_EQ(server.stats().accepted, 2U);
  EXPECT_EQ(told.ids.size(), 2U) << "of the third nothing is told";
  a.reset();
  EXPECT_TRUE(closed(first));
  TcpServer::ClientId fourth{};
  const auto d = client(fourth);
  EXPECT_TRUE(server.is_open(fourth));
}

INSTANTIATE_TEST_SUITE_P(All, FullServerTest, all_pollers, poller_name);

// Lowers the limit, so that no descriptor can be had beyond `most`; without it, beyond those that are open now.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors()
      : NoMoreDescriptors(static_cast<rlim_t>(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get())) {}
  explicit NoMoreDescriptors(rlim_t most) {
    ::getrlimit(RLIMIT_NOFILE, &old_);
    const rlimit now{most, old_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &old_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit old_{};
};

struct DescriptorsTest : TcpServerTest {};

TEST_P(DescriptorsTest, WithoutAnyTheServerShedsAndRecovers) {
  TcpServer::ClientId id{};
  const auto old = client(id);
  std::vector<UniqueFd> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(client());
  {
    const NoMoreDescriptors limit;
    for (auto& peer : waiting) EXPECT_EQ(end_of(peer.get()), ECONNRESET) << "told at once, not left waiting";
    EXPECT_EQ(server.stats().shed, 3U);
    EXPECT_EQ(server.clients(), 1U);
    write_to(old.get(), "still served");
    EXPECT_TRUE(until([&] { return told.received[id] == "still served"; }));
  }
  const auto fresh = client();
  EXPECT_TRUE(until([&] { return server.clients() == 2; }));
}

// Clients that come again as soon as they are shed, each pause of the server's long.
TEST_P(DescriptorsTest, WithoutAnyTheLoopSleeps) {
  std::vector<UniqueFd> peers;
  for (int i = 0; i < 8; ++i) peers.push_back(client());
  {
    const NoMoreDescriptors limit;
    const auto waits = loop.stats().waits;
    const auto begin = now();
    while (server.stats().pauses < 5) {
      ASSERT_LT(now() - begin, 5s);
      loop.turn(1s);
      for (auto& peer : peers) {
        Reader reader;
        reader.read(peer.get());
        if (!reader.end) continue;
        peer.reset();
        peer = client();
      }
    }
    const auto seconds = std::chrono::duration<double>(now() - begin).count();
    EXPECT_LT(static_cast<double>(loop.stats().waits - waits) / seconds, 20) << "wakes a second";
    EXPECT_GT(server.stats().shed, 8U);
  }
  EXPECT_TRUE(until([&] { return server.clients() == 8; }));
}

// Not even the spare one, once given up, comes back: nobody can be shed, and the loop still sleeps.
TEST_P(DescriptorsTest, WithoutASpareOneTheLoopSleepsToo) {
  const auto peer = client();
  const auto waits = loop.stats().waits;
  {
    const NoMoreDescriptors limit(3);
    EXPECT_TRUE(loop.run_until([&] { return server.stats().pauses == 3; }, soon));
    EXPECT_LT(loop.stats().waits - waits, 8U);
    EXPECT_EQ(server.stats().shed, 0U);
  }
  EXPECT_TRUE(until([&] { return server.clients() == 1; })) << "who waited is served after all";
}

INSTANTIATE_TEST_SUITE_P(All, DescriptorsTest, all_pollers, poller_name);

struct StopTest : TcpServerTest {};

TEST_P(StopTest, FlushesClosesAndTellsWhenTheLastIsGone) {
  TcpServer::ClientId id{};
  auto peer = client(id);
  const auto text = pattern(5'000'000);
  EXPECT_TRUE(server.send(id, as_bytes(text)));
  bool stopped = false;
  server.stop([&] { stopped = true; });
  EXPECT_FALSE(server.send(id, as_bytes("too late")));
  auto late = inet_socket(SOCK_STREAM);
  connect_to(late.get(), server.local());
  EXPECT_EQ(end_of(late.get()), ECONNREFUSED) << "nobody listens any more";
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.end.has_value();
  }));
  EXPECT_TRUE(reader.text == text);
  EXPECT_FALSE(stopped) << "the peer has not ended yet";
  peer.reset();
  EXPECT_TRUE(until([&] { return stopped; }));
  EXPECT_EQ(told.closed[id].cause, CloseCause::finished);
}

TEST_P(StopTest, WithoutClientsTellsFromTheLoop) {
  bool stopped = false;
  server.stop([&] { stopped = true; });
  EXPECT_FALSE(stopped);
  EXPECT_TRUE(until([&] { return stopped; }));
}

TEST_P(StopTest, MayBeCalledInAnEventAndTheServerDestroyedAtTheEnd) {
  Recorder other;
  auto events = other.events();
  std::unique_ptr<TcpServer> mortal;
  bool stopped = false;
  events.on_open = [&](TcpServer::ClientId, const Endpoint&) {
    mortal->stop([&] {
      mortal.reset();
      stopped = true;
    });
  };
  mortal = std::make_unique<TcpServer>(loop, open_here, loopback, events);
  auto peer = plain_client(mortal->local());
  EXPECT_EQ(end_of(peer.get()), 0);
  peer.reset();
  EXPECT_TRUE(until([&] { return stopped; }));
}

TEST_P(StopTest, InTheLastClientsOnCloseItTellsOnce) {
  Recorder other;
  auto events = other.events();
  std::unique_ptr<TcpServer> until_empty;
  int stopped = 0;
  events.on_close = [&](TcpServer::ClientId, const CloseReason&) { until_empty->stop([&] { ++stopped; }); };
  until_empty = std::make_unique<TcpServer>(loop, open_here, loopback, events);
  auto peer = plain_client(until_empty->local());
  EXPECT_TRUE(until([&] { return until_empty->clients() == 1; }));
  peer.reset();
  EXPECT_TRUE(until([&] { return stopped > 0; }));
  while (loop.turn(1ms)) {
  }
  EXPECT_EQ(stopped, 1);
}

TEST_P(StopTest, FromAnotherThreadOrASignalHandlersThreadByPost) {
  const auto peer = client();
  EXPECT_TRUE(until([&] { return server.clients() == 1; }));
  std::thread other([&] { loop.post([&] { server.stop([&] { loop.stop(); }); }); });
  const auto limit = loop.after(soon, [&] {
    ADD_FAILURE() << "not stopped";
    loop.stop();
  });
  const auto end = loop.every(1ms, [&] { ::shutdown(peer.get(), SHUT_WR); });
  loop.run();
  other.join();
  loop.cancel(limit);
  loop.cancel(end);
  EXPECT_EQ(server.clients(), 0U);
}

INSTANTIATE_TEST_SUITE_P(All, StopTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
