// The server against plain sockets that behave in every way a peer can.
#include "lab/stack/tcp_server.hpp"

#include <gmock/gmock.h>
#include <linux/tcp.h>

#include "tests/stack/server_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::ElementsAre;

TEST_P(TcpServerTest, ServesEachClientByItsId) {
  TcpServer::ClientId a{};
  TcpServer::ClientId b{};
  const auto first = client(a);
  const auto second = client(b);
  EXPECT_NE(a, b);
  EXPECT_EQ(told.peers[a], local_endpoint(first.get()));
  EXPECT_EQ(server.clients(), 2U);
  write_to(first.get(), "one");
  write_to(second.get(), "two");
  Reader one;
  Reader two;
  EXPECT_TRUE(until([&] {
    one.read(first.get());
    two.read(second.get());
    return one.text == "one" && two.text == "two";
  }));
  EXPECT_EQ(told.received[a], "one");
  EXPECT_EQ(server.stats().accepted, 2U);
}

TEST_P(TcpServerTest, ServesAClientWhoWasAskedForBeforeItCame) {
  EXPECT_FALSE(server.is_open(TcpServer::ClientId{1}));
  TcpServer::ClientId id{};
  const auto peer = client(id);
  ASSERT_EQ(id, TcpServer::ClientId{1});
  EXPECT_TRUE(server.send(id, as_bytes("hello")));
}

TEST_P(TcpServerTest, AsksForReadinessToWriteOnlyAfterAShortWrite) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  const auto before = loop.stats().events;
  EXPECT_TRUE(server.send(id, as_bytes("hello")));
  EXPECT_EQ(server.queued(id), 0U);
  EXPECT_FALSE(loop.turn(0ns));
  EXPECT_EQ(loop.stats().events, before);
}

TEST_P(TcpServerTest, QueuesWhatTheKernelDoesNotTakeUpToTheCap) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  const auto block = pattern(100000);
  std::string sent;
  while (server.send(id, as_bytes(block))) sent += block;
  EXPECT_GT(server.queued(id), 900000U);
  EXPECT_LE(server.queued(id), TcpConnection::Options{}.max_queued);
  EXPECT_FALSE(loop.turn(0ns)) << "nothing to do until the peer reads";
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.text.size() == sent.size();
  }));
  EXPECT_TRUE(reader.text == sent);
  EXPECT_EQ(server.queued(id), 0U);
  EXPECT_TRUE(server.send(id, as_bytes("more")));
}

TEST_P(TcpServerTest, AnEmptyQueueTakesAMessageOfAnySize) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  const auto big = pattern(16 << 20);
  EXPECT_TRUE(server.send(id, as_bytes(big)));
  EXPECT_FALSE(server.send(id, as_bytes("x")));
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.text.size() == big.size();
  }));
  EXPECT_TRUE(reader.text == big);
}

TEST_P(TcpServerTest, WhoDoesNotReadAnswersIsNotReadFrom) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  std::size_t sent = 0;
  std::size_t before = 1;
  while (sent != before) {
    before = sent;
    sent += fill(peer.get());
    while (loop.turn(0ns)) {
    }
  }
  const auto wake = std::size_t{64} << 10;
  EXPECT_GT(server.queued(id), TcpConnection::Options{}.high_water);
  EXPECT_LE(server.queued(id), TcpConnection::Options{}.high_water + wake);
  EXPECT_LT(told.received[id].size(), sent) << "the rest waits in the kernel";
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.text.size() == sent;
  }));
}

TEST_P(TcpServerTest, APeerThatEndsGetsTheRestOfItsAnswers) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  write_to(peer.get(), "last question");
  ::shutdown(peer.get(), SHUT_WR);
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.end.has_value();
  }));
  EXPECT_EQ(reader.text, "last question");
  EXPECT_EQ(reader.end, 0);
  EXPECT_TRUE(closed(id));
  EXPECT_EQ(told.closed[id].cause, CloseCause::finished);
  EXPECT_EQ(server.clients(), 0U);
}

TEST_P(TcpServerTest, ToAPeerThatEndedCanStillBeSent) {
  std::vector<TcpServer::ClientId> ended;
  auto events = told.events();
  events.on_end = [&](TcpServer::ClientId id) { ended.push_back(id); };
  TcpServer patient(loop, open_here, loopback, events);
  told.echo = nullptr;
  const auto peer = plain_client(patient.local());
  ::shutdown(peer.get(), SHUT_WR);
  EXPECT_TRUE(until([&] { return !ended.empty(); }));
  EXPECT_FALSE(loop.turn(0ns)) << "the end is told once, though it stays readable for ever";
  EXPECT_TRUE(patient.send(ended[0], as_bytes("later")));
  patient.close(ended[0]);
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.end.has_value();
  }));
  EXPECT_EQ(reader.text, "later");
  EXPECT_EQ(reader.end, 0);
  EXPECT_TRUE(closed(ended[0]));
  EXPECT_THAT(ended, ElementsAre(ended[0]));
}

TEST_P(TcpServerTest, CloseFlushesAndWaitsForThePeer) {
  TcpServer::ClientId id{};
  auto peer = client(id);
  const auto text = pattern(5000000);
  EXPECT_TRUE(server.send(id, as_bytes(text)));
  EXPECT_GT(server.queued(id), 0U);
  server.close(id);
  EXPECT_FALSE(server.send(id, as_bytes("too late")));
  write_to(peer.get(), "unread data would turn the end into a reset");
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.end.has_value();
  }));
  EXPECT_TRUE(reader.text == text);
  EXPECT_EQ(reader.end, 0);
  EXPECT_FALSE(told.closed.contains(id)) << "the peer has not ended yet";
  peer.reset();
  EXPECT_TRUE(closed(id));
  EXPECT_EQ(told.closed[id].cause, CloseCause::finished);
  EXPECT_EQ(told.received[id], "") << "after close() nothing is handed out";
}

TEST_P(TcpServerTest, AbortResets) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  server.abort(id);
  EXPECT_FALSE(told.closed.contains(id)) << "told by the loop, not inside the call";
  EXPECT_TRUE(closed(id));
  EXPECT_EQ(told.closed[id].cause, CloseCause::aborted);
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.end.has_value();
  }));
  EXPECT_EQ(reader.end, ECONNRESET);
}

TEST_P(TcpServerTest, AResetEndsOnlyItsOwnConnection) {
  TcpServer::ClientId a{};
  TcpServer::ClientId b{};
  auto rude = client(a);
  const auto other = client(b);
  reset_by(rude);
  EXPECT_TRUE(closed(a));
  EXPECT_EQ(told.closed[a].cause, CloseCause::failed);
  EXPECT_EQ(told.closed[a].error.value(), ECONNRESET);
  EXPECT_EQ(told.closed[a].to_string(), "Connection reset by peer");
  write_to(other.get(), "still here");
  EXPECT_TRUE(until([&] { return told.received[b] == "still here"; }));
}

TEST_P(TcpServerTest, SendingToAClosedPeerIsNoSignalAndTheLastWordsAreHeard) {
  TcpServer::ClientId id{};
  auto peer = client(id);
  told.echo = nullptr;
  write_to(peer.get(), "last words");
  // The first send succeeds and is answered by a reset; the second is the one that fails.
  reset_by(peer);
  while (server.send(id, as_bytes("x"))) {
  }
  EXPECT_FALSE(told.closed.contains(id));
  EXPECT_TRUE(closed(id));
  EXPECT_EQ(told.received[id], "last words");
  EXPECT_EQ(told.closed[id].cause, CloseCause::failed);
  EXPECT_FALSE(server.send(id, as_bytes("x"))) << "gone, and no mistake";
  server.close(id);
  server.abort(id);
  EXPECT_EQ(server.queued(id), 0U);
}

TEST_P(TcpServerTest, AcceptsAtMost64InATurn) {
  std::vector<UniqueFd> peers;
  for (int i = 0; i < 100; ++i) peers.push_back(client());
  loop.turn(soon);
  EXPECT_EQ(server.clients(), 64U);
  EXPECT_TRUE(until([&] { return server.clients() == 100; }));
}

TEST_P(TcpServerTest, ReadsAtMost64KibOfAConnectionInATurn) {
  TcpServer::ClientId id{};
  const auto peer = client(id);
  told.echo = nullptr;
  const auto sent = fill(peer.get());
  ASSERT_GT(sent, 200000U);
  std::size_t before = 0;
  while (told.received[id].size() < sent && loop.turn(soon)) {
    EXPECT_LE(told.received[id].size() - before, 65536U);
    before = told.received[id].size();
  }
  EXPECT_EQ(before, sent);
}

// 16 messages in one segment are 16 answers in one.
TEST_P(TcpServerTest, AnswersGivenDuringAReadGoOutInOneWrite) {
  auto events = told.events();
  std::unique_ptr<TcpServer> chatty;
  events.on_data = [&](TcpServer::ClientId id, ByteView bytes) {
    for (const auto& byte : bytes) EXPECT_TRUE(chatty->send(id, ByteView(&byte, 1)));
    EXPECT_TRUE(chatty->send(id, std::make_shared<const Bytes>(copy_of(as_bytes("!")))));
    EXPECT_EQ(chatty->queued(id), 0U);
  };
  chatty = std::make_unique<TcpServer>(loop, open_here, loopback, events);
  const auto peer = plain_client(chatty->local());
  EXPECT_TRUE(until([&] { return chatty->clients() == 1; }));
  write_to(peer.get(), "sixteen messages");
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.text == "sixteen messages!";
  }));
  tcp_info info{};
  socklen_t size = sizeof info;
  check_errno(::getsockopt(peer.get(), IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
  EXPECT_EQ(info.tcpi_data_segs_in, 1U);
}

// A small answer and a large one to each question: the next question waits until the peer has taken enough.
TEST_P(TcpServerTest, AQueueAboveHighWaterPausesReadingWithinTheTurn) {
  auto events = told.events();
  std::unique_ptr<TcpServer> generous;
  const auto large = pattern(5'000'000);
  int asked = 0;
  events.on_data = [&](TcpServer::ClientId id, ByteView) {
    ++asked;
    EXPECT_TRUE(generous->send(id, as_bytes(large)));
  };
  generous = std::make_unique<TcpServer>(loop, open_here, loopback, events,
                                         TcpServer::Options{.connection = {.read_size = 1}});
  const auto peer = plain_client(generous->local());
  write_to(peer.get(), "??");
  EXPECT_TRUE(until([&] { return asked > 0; }));
  while (loop.turn(0ns)) {
  }
  EXPECT_EQ(asked, 1);
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.text.size() == 2 * large.size();
  }));
}

// Thrown by a handler after an answer that the kernel did not take whole.
TEST_P(TcpServerTest, WhatIsQueuedGoesOutThoughAHandlerThrows) {
  auto events = told.events();
  std::unique_ptr<TcpServer> throwing;
  const auto large = pattern(8'000'000);
  events.on_data = [&](TcpServer::ClientId id, ByteView) {
    EXPECT_TRUE(throwing->send(id, as_bytes(large)));
    throw std::runtime_error("thrown");
  };
  throwing = std::make_unique<TcpServer>(loop, open_here, loopback, events);
  const auto peer = plain_client(throwing->local());
  write_to(peer.get(), "?");
  EXPECT_THROW(until([] { return false; }), std::runtime_error);
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.text.size() == large.size();
  }));
}

// What is too large to be gathered keeps its place.
TEST_P(TcpServerTest, AnswersGivenDuringAReadKeepTheirOrder) {
  auto events = told.events();
  std::unique_ptr<TcpServer> chatty;
  const auto large = pattern(5'000'000);
  std::string expected;
  events.on_data = [&](TcpServer::ClientId id, ByteView) {
    for (const auto& part : {std::string("small"), large, pattern(5000), std::string("x"), pattern(100)}) {
      EXPECT_TRUE(chatty->send(id, as_bytes(part)));
      expected += part;
    }
    chatty->close(id);
  };
  chatty = std::make_unique<TcpServer>(loop, open_here, loopback, events,
                                       TcpServer::Options{.connection = {.max_queued = std::size_t{8} << 20}});
  const auto peer = plain_client(chatty->local());
  write_to(peer.get(), "?");
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.end.has_value();
  }));
  EXPECT_TRUE(reader.text == expected);
}

INSTANTIATE_TEST_SUITE_P(All, TcpServerTest, all_pollers, poller_name);

struct ServersEndTest : StackTest {};

TEST_P(ServersEndTest, TellsNothingAndClosesItsConnections) {
  Recorder told;
  auto server = std::make_unique<TcpServer>(loop, open_here, loopback, told.events());
  const auto peer = plain_client(server->local());
  EXPECT_TRUE(until([&] { return told.ids.size() == 1; }));
  server->abort(told.ids[0]);  // its on_close is still to come
  const auto other = plain_client(server->local());
  EXPECT_TRUE(until([&] { return told.ids.size() == 2; }));
  told.closed.clear();
  server->close(told.ids[1]);
  server.reset();
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(other.get());
    return reader.end.has_value();
  }));
  EXPECT_TRUE(told.closed.empty());
}

INSTANTIATE_TEST_SUITE_P(All, ServersEndTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
