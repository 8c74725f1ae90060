// The server against plain sockets that behave in every way a peer can.
#include "lab/stack/tcp_server.hpp"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/resource.h>

#include "tests/stack/stack_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::ElementsAre;

struct TcpServerTest : StackTest {
  explicit TcpServerTest(TcpServer::Options options = {}) : server(loop, open_here, loopback, told.events(), options) {
    told.echo = &server;
  }
  UniqueFd client() { return plain_client(server.local()); }
  // A plain client, and the id that the server gave it.
  UniqueFd client(TcpServer::ClientId& id) {
    auto socket = client();
    const auto before = told.ids.size();
    EXPECT_TRUE(until([&] { return told.ids.size() > before; }));
    id = told.ids.back();
    return socket;
  }
  bool closed(TcpServer::ClientId id) {
    return until([&] { return told.closed.contains(id); });
  }

  Recorder told;
  TcpServer server;
};

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
  EXPECT_EQ(told.closed[a].to_string(), "failed: Connection reset by peer");
  write_to(other.get(), "still here");
  EXPECT_TRUE(until([&] { return told.received[b] == "still here"; }));
}

TEST_P(TcpServerTest, AResetBeforeAcceptIsOneMoreConnection) {
  auto rude = client();
  pollfd connected{.fd = rude.get(), .events = POLLOUT, .revents = 0};
  ::poll(&connected, 1, 2000);
  reset_by(rude);
  EXPECT_TRUE(until([&] { return told.closed.size() == 1; }));
  EXPECT_EQ(told.closed.begin()->second.error.value(), ECONNRESET);
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

// Lowers the limit to what is open now, so that not one more can be had.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &old_);
    const UniqueFd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const rlimit now{static_cast<rlim_t>(next.get()), old_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &old_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit old_{};
};

TEST_P(TcpServerTest, OutOfDescriptorsItShedsAndRecovers) {
  TcpServer::ClientId id{};
  const auto old = client(id);
  std::vector<UniqueFd> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(client());
  {
    const NoMoreDescriptors limit;
    for (auto& peer : waiting) {
      Reader reader;
      EXPECT_TRUE(until([&] {
        reader.read(peer.get());
        return reader.end.has_value();
      }));
      EXPECT_EQ(reader.end, ECONNRESET) << "told at once, not left waiting";
    }
    EXPECT_EQ(server.stats().shed, 3U);
    EXPECT_EQ(server.clients(), 1U);
    write_to(old.get(), "still served");
    EXPECT_TRUE(until([&] { return told.received[id] == "still served"; }));
  }
  const auto fresh = client();
  EXPECT_TRUE(until([&] { return server.clients() == 2; }));
}

INSTANTIATE_TEST_SUITE_P(All, TcpServerTest, all_pollers, poller_name);

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
