// Peers that take less than they are sent: what waits for them is bounded, and nobody else waits.
#include <gmock/gmock.h>

#include "lab/stack/tcp_client.hpp"
#include "tests/stack/server_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::Each;

SharedBytes shared(std::size_t size) { return std::make_shared<const Bytes>(copy_of(as_bytes(pattern(size)))); }

TcpServer::Options with(SlowPeer policy) { return {.connection = {.slow_peer = policy}}; }

struct SlowPeerTest : TcpServerTest {
  explicit SlowPeerTest(SlowPeer policy = SlowPeer::pause_reading) : TcpServerTest(with(policy)) {
    told.echo = nullptr;
  }
  // Sends until a message is refused; what was taken.
  std::string flood(TcpServer::ClientId id) {
    const auto block = pattern(10'000);
    std::string taken;
    while (server.send(id, as_bytes(block))) taken += block;
    return taken;
  }
  std::string all_of(int fd, std::size_t size) {
    Reader reader;
    EXPECT_TRUE(until([&] {
      reader.read(fd);
      return reader.end || reader.text.size() >= size;
    }));
    return reader.text;
  }
};

TEST_P(SlowPeerTest, PauseReadingLeavesItsQuestionsInTheKernelUntilItReads) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  const auto taken = flood(id);
  write_to(peer.get(), "question");
  while (loop.turn(0ns)) {
  }
  EXPECT_EQ(told.received[id], "");
  EXPECT_TRUE(all_of(peer.get(), taken.size()) == taken);
  EXPECT_TRUE(until([&] { return told.received[id] == "question"; }));
}

TEST_P(SlowPeerTest, ABroadcastIsKeptOnceHoweverManyWaitForIt) {
  std::vector<UniqueFd> peers;
  for (int i = 0; i < 10; ++i) peers.push_back(client());
  EXPECT_TRUE(until([&] { return server.clients() == 10; }));
  for (const auto id : told.ids) flood(id);
  const auto news = shared(20'000);
  EXPECT_EQ(server.broadcast(news), 0U) << "all are full";
  EXPECT_EQ(news.use_count(), 1);

  std::vector<UniqueFd> fresh;
  for (int i = 0; i < 10; ++i) fresh.push_back(client());
  EXPECT_TRUE(until([&] { return server.clients() == 20; }));
  const auto big = shared(std::size_t{8} << 20);
  EXPECT_EQ(server.broadcast(big, told.ids.back()), 9U) << "the full ones and the excepted one do not";
  EXPECT_EQ(big.use_count(), 10);
  for (std::size_t i = 0; i + 1 < fresh.size(); ++i) {
    EXPECT_TRUE(all_of(fresh[i].get(), big->size()) == as_text(*big)) << i;
  }
  EXPECT_EQ(big.use_count(), 1);
  EXPECT_EQ(server.queued(told.ids.back()), 0U);
}

INSTANTIATE_TEST_SUITE_P(All, SlowPeerTest, all_pollers, poller_name);

struct DropNewestTest : SlowPeerTest {
  DropNewestTest() : SlowPeerTest(SlowPeer::drop_newest) {}
};

TEST_P(DropNewestTest, RefusesAboveHighWaterAndGoesOnReading) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  const auto taken = flood(id);
  EXPECT_GT(server.queued(id), TcpConnection::Options{}.high_water);
  EXPECT_LE(server.queued(id), TcpConnection::Options{}.high_water + 10'000);
  EXPECT_FALSE(server.send(id, as_bytes("refused")));
  write_to(peer.get(), "still heard");
  EXPECT_TRUE(until([&] { return told.received[id] == "still heard"; }));
  EXPECT_TRUE(all_of(peer.get(), taken.size()) == taken) << "what was taken is whole";
  EXPECT_TRUE(server.send(id, as_bytes("again")));
  EXPECT_EQ(all_of(peer.get(), 5), "again");
}

INSTANTIATE_TEST_SUITE_P(All, DropNewestTest, all_pollers, poller_name);

struct DisconnectTest : SlowPeerTest {
  DisconnectTest() : SlowPeerTest(SlowPeer::disconnect) {}
};

TEST_P(DisconnectTest, EndsWhoLetsMoreWaitThanItMayAndNobodyElse) {
  TcpServer::ClientId slow{};
  TcpServer::ClientId quick{};
  const auto a = client(slow);
  const auto b = client(quick);
  const auto taken = flood(slow);
  EXPECT_GT(taken.size(), TcpConnection::Options{}.max_queued - 10'000);
  EXPECT_FALSE(told.closed.contains(slow)) << "told by the loop, not inside the call";
  EXPECT_FALSE(server.is_open(slow));
  EXPECT_TRUE(closed(slow));
  EXPECT_EQ(told.closed[slow].cause, CloseCause::too_slow);
  EXPECT_EQ(told.closed[slow].to_string(), "the peer was too slow");
  EXPECT_TRUE(server.send(quick, as_bytes("fine")));
  EXPECT_EQ(all_of(b.get(), 4), "fine");
}

TEST_P(DisconnectTest, WhileABroadcastGoesOn) {
  TcpServer::ClientId slow{};
  const auto a = client(slow);
  std::vector<UniqueFd> readers;
  for (int i = 0; i < 3; ++i) readers.push_back(client());
  EXPECT_TRUE(until([&] { return server.clients() == 4; }));
  std::vector<Reader> read(readers.size());
  const auto news = shared(100'000);
  std::size_t sent = 0;
  for (; server.clients() == 4; loop.turn(0ns)) {
    EXPECT_GE(server.broadcast(news), 3U);
    sent += news->size();
    EXPECT_TRUE(until([&] {
      for (std::size_t i = 0; i < readers.size(); ++i) read[i].read(readers[i].get());
      return std::ranges::all_of(read, [&](const Reader& reader) { return reader.text.size() == sent; });
    }));
  }
  EXPECT_EQ(told.closed[slow].cause, CloseCause::too_slow);
  for (const auto& reader : read) EXPECT_EQ(reader.end, std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(All, DisconnectTest, all_pollers, poller_name);

struct CountingTest : StackTest {};

// What was refused is counted by the connection itself.
TEST_P(CountingTest, TellsHowManyMessagesWereRefused) {
  const auto [here, there] = [] {
    auto pair = socket_pair();
    return std::pair(std::make_shared<UniqueFd>(std::move(pair.here)),
                     std::make_shared<UniqueFd>(std::move(pair.there)));
  }();
  const auto connection =
      TcpConnection::accepted(loop, std::move(*here), {}, {.slow_peer = SlowPeer::drop_newest, .high_water = 1000});
  while (connection->send(as_bytes(pattern(5000)))) {
  }
  EXPECT_EQ(connection->dropped(), 1U);
  EXPECT_FALSE(connection->send(as_bytes("x")));
  EXPECT_EQ(connection->dropped(), 2U);
  connection->discard();
  EXPECT_FALSE(connection->send(as_bytes("x")));
  EXPECT_EQ(connection->dropped(), 2U) << "it was not too slow, it is gone";
}

INSTANTIATE_TEST_SUITE_P(All, CountingTest, all_pollers, poller_name);

struct SetReadingTest : TcpServerTest {};

TEST_P(SetReadingTest, OffNothingIsHandedOutAndTheWindowFillsUp) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  told.echo = nullptr;
  server.set_reading(id, false);
  std::size_t sent = 0;
  for (std::size_t before = 1; sent != before;) {
    before = sent;
    sent += fill(peer.get());
    EXPECT_FALSE(loop.turn(1ms));
  }
  ::shutdown(peer.get(), SHUT_WR);
  EXPECT_FALSE(loop.turn(1ms));
  EXPECT_TRUE(told.received[id].empty());
  EXPECT_TRUE(server.send(id, as_bytes("the other direction")));
  server.set_reading(id, true);
  EXPECT_TRUE(closed(id));
  EXPECT_EQ(told.received[id].size(), sent);
}

TEST_P(SetReadingTest, OffDuringAReadItTakesEffectAtOnce) {
  auto events = told.events();
  std::unique_ptr<TcpServer> careful;
  std::size_t heard = 0;
  events.on_data = [&](TcpServer::ClientId id, ByteView bytes) {
    heard += bytes.size();
    careful->set_reading(id, false);
  };
  careful = std::make_unique<TcpServer>(loop, open_here, loopback, events,
                                        TcpServer::Options{.connection = {.read_size = 100}});
  const auto peer = plain_client(careful->local());
  write_to(peer.get(), pattern(250));
  EXPECT_TRUE(until([&] { return heard > 0; }));
  while (loop.turn(0ns)) {
  }
  EXPECT_EQ(heard, 100U);
  careful->set_reading(told.ids.at(0), true);
  EXPECT_TRUE(until([&] { return heard == 200; }));
}

// Nobody would ever read to the end of a connection that is broken.
TEST_P(SetReadingTest, OffABrokenConnectionStillEnds) {
  TcpServer::ClientId id{};
  auto peer = client(id);
  server.set_reading(id, false);
  reset_by(peer);
  while (server.send(id, as_bytes("x"))) {
  }
  EXPECT_TRUE(closed(id));
  EXPECT_EQ(told.closed[id].cause, CloseCause::failed);
}

INSTANTIATE_TEST_SUITE_P(All, SetReadingTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
