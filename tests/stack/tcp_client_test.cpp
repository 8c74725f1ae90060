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
  EXPECT_EQ(log, "failed: Connection refused");
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

INSTANTIATE_TEST_SUITE_P(All, TcpClientTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
