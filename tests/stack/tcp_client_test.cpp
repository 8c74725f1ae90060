#include "lab/stack/tcp_client.hpp"

#include <gmock/gmock.h>

#include "tests/stack/stack_fixture.hpp"

namespace wirelab::testing {
namespace {

struct TcpClientTest : StackTest {
  TcpClientTest() : server(loop, open_here, loopback, told.events()) { told.echo = &server; }

  // Remembers; `during` runs inside each event.
  TcpClient::Events events() {
    return {.on_connect =
                [this] {
                  log += "connect ";
                  if (during) during();
                },
            .on_data =
                [this](ByteView bytes) {
                  log += "data:" + std::string(as_text(bytes)) + ' ';
                  if (during) during();
                },
            .on_end = {},
            .on_close =
                [this](const CloseReason& reason) {
                  log += reason.to_string();
                  closed = reason;
                  if (during) during();
                }};
  }
  void connect(const Endpoint& to, const TcpClient::Options& options = {}) {
    client = std::make_unique<TcpClient>(loop, open_here, loopback, to, events(), options);
  }

  Recorder told;
  TcpServer server;
  std::unique_ptr<TcpClient> client;
  std::string log;
  std::optional<CloseReason> closed;
  std::function<void()> during;
};

TEST_P(TcpClientTest, ConnectsTalksAndCloses) {
  connect(server.local());
  EXPECT_FALSE(client->is_open());
  EXPECT_FALSE(client->send(as_bytes("too early")));
  EXPECT_TRUE(until([&] { return client->is_open(); }));
  EXPECT_TRUE(client->send(as_bytes("hello")));
  EXPECT_TRUE(until([&] { return log == "connect data:hello "; }));
  client->close();
  EXPECT_TRUE(until([&] { return closed && !told.closed.empty(); }));
  EXPECT_EQ(log, "connect data:hello finished");
  EXPECT_EQ(told.closed.begin()->second.cause, CloseCause::finished);
}

TEST_P(TcpClientTest, ARefusalIsAnEventAndNoException) {
  const auto nobody = inet_socket(SOCK_STREAM);
  connect(bind_to_loopback(nobody.get()));
  EXPECT_FALSE(closed);
  EXPECT_TRUE(until([&] { return closed.has_value(); }));
  EXPECT_EQ(log, "Connection refused");
  EXPECT_FALSE(client->send(as_bytes("x")));
  EXPECT_FALSE(loop.turn(0ns)) << "told once";
}

TEST_P(TcpClientTest, AnAddressThatCannotBeReachedIsAnEventToo) {
  connect({Ipv4(255, 255, 255, 255), Port{9}});
  EXPECT_TRUE(until([&] { return closed.has_value(); }));
  EXPECT_EQ(closed->cause, CloseCause::failed);
}

TEST_P(TcpClientTest, AnOwnAddressThatCannotBeHadThrows) {
  EXPECT_THROW(TcpClient(loop, open_here, {Ipv4(192, 0, 2, 1), Port{0}}, server.local(), events()), std::system_error);
}

// A listener whose queue is full lets further SYNs go unanswered.
TEST_P(TcpClientTest, GivesUpConnectingAtTheLimit) {
  const auto listener = inet_socket(SOCK_STREAM);
  const auto endpoint = bind_to_loopback(listener.get());
  ::listen(listener.get(), 0);
  const auto first = plain_client(endpoint);
  const auto second = plain_client(endpoint);
  connect(endpoint, {.connection = {.connect_limit = 20ms}});
  EXPECT_TRUE(until([&] { return closed.has_value(); }));
  EXPECT_EQ(closed->cause, CloseCause::connect_timeout);
  EXPECT_EQ(log, "no answer to connect");
}

TEST_P(TcpClientTest, CloseWhileConnectingAborts) {
  connect(server.local());
  client->close();
  EXPECT_TRUE(until([&] { return closed.has_value(); }));
  EXPECT_EQ(log, "aborted");
}

TEST_P(TcpClientTest, CarriesMegabytesBothWays) {
  const auto text = pattern(3000000);
  std::string back;
  std::size_t sent = 0;
  auto echoing = events();
  echoing.on_data = [&](ByteView bytes) { back += as_text(bytes); };
  client = std::make_unique<TcpClient>(loop, open_here, loopback, server.local(), echoing);
  EXPECT_TRUE(loop.run_until(
      [&] {
        while (client->is_open() && client->queued() == 0 && sent < text.size()) {
          const auto part = std::string_view(text).substr(sent, 50000);
          EXPECT_TRUE(client->send(as_bytes(part)));
          sent += part.size();
        }
        return back.size() == text.size();
      },
      20s));
  EXPECT_TRUE(back == text);
}

// In each of its events the client may go, and nothing comes after that.
TEST_P(TcpClientTest, MayBeDestroyedInsideItsOwnEvents) {
  during = [&] { client.reset(); };
  connect(server.local());
  EXPECT_TRUE(until([&] { return !client; }));
  EXPECT_EQ(log, "connect ");

  log.clear();
  during = nullptr;
  connect(server.local());
  EXPECT_TRUE(until([&] { return client->is_open(); }));
  during = [&] { client.reset(); };
  EXPECT_TRUE(client->send(as_bytes("x")));
  EXPECT_TRUE(until([&] { return !client; }));
  EXPECT_EQ(log, "connect data:x ");

  log.clear();
  connect(server.local());
  client->abort();
  EXPECT_TRUE(until([&] { return !client; }));
  EXPECT_EQ(log, "aborted");
  EXPECT_TRUE(until([&] { return server.clients() == 0; }));
}

struct TcpClientRetryTest : TcpClientTest {
  // A port at which nobody is, and which a server may take.
  static Endpoint free_port() {
    const auto socket = inet_socket(SOCK_STREAM);
    return bind_to_loopback(socket.get());
  }
  void keep_trying(const Endpoint& to, TcpClient::Retry retry) {
    auto all = events();
    all.on_retry = [this](const CloseReason& reason, Duration pause) {
      reasons.push_back(reason.to_string());
      pauses.push_back(pause);
      if (during) during();
    };
    client = std::make_unique<TcpClient>(loop, open_here, loopback, to, all, TcpClient::Options{.retry = retry});
  }
  std::vector<std::string> reasons;
  std::vector<Duration> pauses;
};

TEST_P(TcpClientRetryTest, AClientStartedBeforeItsServerConnectsAsSoonAsItIsThere) {
  const auto endpoint = free_port();
  keep_trying(endpoint, {.first = 1ms, .most = 2ms, .limit = Duration::max()});
  EXPECT_FALSE(client->send(as_bytes("too early")));
  EXPECT_TRUE(until([&] { return pauses.size() >= 3; }));
  EXPECT_EQ(log, "") << "only the last failure is an end";
  const TcpServer late(loop, open_here, endpoint, told.events());
  EXPECT_TRUE(until([&] { return client->is_open(); }));
  EXPECT_EQ(log, "connect ");
  EXPECT_EQ(reasons[0], "Connection refused");
}

TEST_P(TcpClientRetryTest, PausesDoubleUpToTheLongest) {
  keep_trying(free_port(), {.first = 1ms, .most = 5ms, .limit = 1h});
  EXPECT_TRUE(until([&] { return pauses.size() >= 5; }));
  pauses.resize(5);
  EXPECT_THAT(pauses, ::testing::ElementsAre(1ms, 2ms, 4ms, 5ms, 5ms));
}

TEST_P(TcpClientRetryTest, TheLastAttemptComesAtTheLimit) {
  const auto begin = now();
  keep_trying(free_port(), {.first = 15ms, .most = 1h, .limit = 20ms});
  EXPECT_TRUE(until([&] { return closed.has_value(); }));
  EXPECT_GE(now() - begin, 20ms);
  EXPECT_EQ(log, "Connection refused");
  EXPECT_LE(pauses.back(), 15ms);
  EXPECT_FALSE(loop.turn(1ms)) << "nothing more is tried";
}

TEST_P(TcpClientRetryTest, CloseAndAbortEndTheTrying) {
  for (const bool abort : {true, false}) {
    log.clear();
    pauses.clear();
    keep_trying(free_port(), {.first = 1h, .limit = 2h});
    EXPECT_TRUE(until([&] { return pauses.size() == 1; }));
    abort ? client->abort() : client->close();
    EXPECT_EQ(log, "") << "told by the loop, not inside the call";
    EXPECT_TRUE(until([&] { return !log.empty(); }));
    EXPECT_EQ(log, "aborted");
  }
}

// The attempt has failed, but the loop has not told it yet.
TEST_P(TcpClientRetryTest, CloseRightAfterAFailureEndsTheTryingToo) {
  for (const bool abort : {true, false}) {
    log.clear();
    closed.reset();
    keep_trying({Ipv4(255, 255, 255, 255), Port{9}}, {.first = 1ms, .limit = 1h});
    abort ? client->abort() : client->close();
    EXPECT_TRUE(until([&] { return closed.has_value(); }));
    EXPECT_TRUE(pauses.empty());
  }
}

TEST_P(TcpClientRetryTest, APauseIsAboveZero) {
  EXPECT_THROW(keep_trying(free_port(), {.first = 0ms}), std::logic_error);
  keep_trying(free_port(), {.first = 1ns, .most = Duration::max(), .limit = 1h});
  EXPECT_TRUE(until([&] { return pauses.size() > 10; }));
}

TEST_P(TcpClientRetryTest, MayBeDestroyedBetweenTwoAttempts) {
  during = [&] { client.reset(); };
  keep_trying(free_port(), {.first = 1ms, .limit = 1h});
  EXPECT_TRUE(until([&] { return !client; }));
  EXPECT_FALSE(loop.turn(5ms));
}

// A connection that was there and is lost is not made again behind its user's back.
TEST_P(TcpClientRetryTest, OnceConnectedNothingIsTriedAgain) {
  keep_trying(server.local(), {.limit = 1h});
  EXPECT_TRUE(until([&] { return client->is_open() && !told.ids.empty(); }));
  server.abort(told.ids[0]);
  EXPECT_TRUE(until([&] { return closed.has_value(); }));
  EXPECT_EQ(log, "connect Connection reset by peer");
  EXPECT_TRUE(pauses.empty());
}

TEST_P(TcpClientRetryTest, ALocalAddressThatIsLostBetweenAttemptsIsAnEvent) {
  int opened = 0;
  const Opener once = [&](Transport transport, const Endpoint& local) {
    if (++opened == 2) throw std::system_error(EADDRINUSE, std::system_category(), "bind");
    return open_here(transport, local);
  };
  auto all = events();
  all.on_retry = [&](const CloseReason& reason, Duration) { reasons.push_back(reason.to_string()); };
  const TcpClient::Options options{.retry = {.first = 1ms, .most = 1ms, .limit = 1h}};
  const TcpClient stubborn(loop, once, loopback, free_port(), all, options);
  EXPECT_TRUE(until([&] { return reasons.size() >= 3; }));
  EXPECT_EQ(reasons[1], "Address already in use");
  EXPECT_EQ(reasons[2], "Connection refused");
}

TEST_P(TcpClientRetryTest, WhatIsSwitchedOffBeforeItConnectsStaysOff) {
  const auto endpoint = free_port();
  keep_trying(endpoint, {.first = 1ms, .most = 2ms, .limit = 1h});
  client->set_reading(false);
  EXPECT_TRUE(until([&] { return pauses.size() >= 2; }));
  TcpServer late(loop, open_here, endpoint, told.events());
  EXPECT_TRUE(until([&] { return client->is_open() && !told.ids.empty(); }));
  EXPECT_TRUE(late.send(told.ids[0], as_bytes("unheard")));
  EXPECT_FALSE(loop.turn(5ms));
  EXPECT_EQ(log, "connect ");
  client->set_reading(true);
  EXPECT_TRUE(until([&] { return log == "connect data:unheard "; }));
}

INSTANTIATE_TEST_SUITE_P(All, TcpClientRetryTest, all_pollers, poller_name);

INSTANTIATE_TEST_SUITE_P(All, TcpClientTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
