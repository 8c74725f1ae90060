#include "lab/services/echo.hpp"

#include <gmock/gmock.h>

#include "tests/stack/stack_fixture.hpp"

namespace wirelab::testing {
namespace {

// The frame of the format's description.
const std::string reference("\x11\0CL:7;type:messagecwsdwed", 26);

struct EchoTest : StackTest {
  // Everything that a plain TCP client gets for `bytes`, until the server ends or `size` bytes are there.
  Reader ask(std::string_view bytes, std::size_t size) {
    const auto peer = plain_client(server.local());
    Reader reader;
    bool asked = false;
    EXPECT_TRUE(until([&] {
      if (!asked) asked = ::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0;
      reader.read(peer.get());
      return reader.end || reader.text.size() >= size;
    }));
    return reader;
  }

  EchoServer server{loop, open_here, loopback};
};

TEST_P(EchoTest, AnswersFramesByteForByteOverTcp) {
  const auto reader = ask(reference + reference, 2 * reference.size());
  EXPECT_EQ(reader.text, reference + reference);
  EXPECT_EQ(reader.end, std::nullopt);
  EXPECT_EQ(server.stats().answered, 2U);
}

TEST_P(EchoTest, ClosesTheConnectionThatSendsNoFrameAfterAnsweringWhatWasOne) {
  const auto reader = ask(reference + std::string("\x03\0abc", 5), 1000);
  EXPECT_EQ(reader.text, reference);
  EXPECT_EQ(reader.end, 0);
  EXPECT_EQ(server.stats().malformed, 1U);
  EXPECT_EQ(ask(reference, reference.size()).text, reference) << "others are served on";
}

TEST_P(EchoTest, IgnoresAndCountsADatagramThatIsNoFrame) {
  std::vector<std::string> answers;
  UdpEndpoint peer(loop, open_here, loopback,
                   {.on_datagram = [&](const Datagram& datagram) { answers.emplace_back(as_text(datagram.bytes)); },
                    .on_error = {}});
  for (const auto& datagram : {std::string("no frame"), std::string(), reference + "x", reference}) {
    EXPECT_FALSE(peer.send_to(server.local(), as_bytes(datagram)));
  }
  EXPECT_TRUE(until([&] { return !answers.empty(); }));
  EXPECT_THAT(answers, ::testing::ElementsAre(reference));
  EXPECT_EQ(server.stats().malformed, 3U);
  EXPECT_EQ(server.stats().answered, 1U);
}

TEST_P(EchoTest, TriesAnotherPortIfUdpHasTaken) {
  // The first port that TCP gets is taken for UDP.
  UniqueFd taken;
  int tries = 0;
  const Opener opener = [&](Transport transport, const Endpoint& local) {
    if (transport == Transport::tcp) ++tries;
    if (transport == Transport::udp && !taken) taken = open_here(transport, local);
    return open_here(transport, local);
  };
  const EchoServer second(loop, opener, loopback);
  EXPECT_EQ(tries, 2);
  EXPECT_NE(second.local(), local_endpoint(taken.get()));
  EXPECT_THROW(EchoServer(loop, opener, second.local()), std::system_error) << "a port of choice is not exchanged";
}

TEST_P(EchoTest, AClientConversesOverBothTransports) {
  for (const auto transport : {Transport::tcp, Transport::udp}) {
    EchoClient client(loop, open_here, transport, loopback, server.local(), {.interval = 100us});
    EXPECT_TRUE(until([&] { return client.answered() >= 10; }));
    client.stop();
    EXPECT_TRUE(until([&] { return client.in_flight() == 0; }));
    EXPECT_EQ(client.answered(), client.sent());
    EXPECT_EQ(client.errors(), 0U) << client.last_error();
    const auto sent = client.sent();
    while (loop.turn(1ms)) {
    }
    EXPECT_EQ(client.sent(), sent) << "stopped";
    EXPECT_EQ(client.errors(), 0U) << client.last_error();
  }
}

TEST_P(EchoTest, AClientMayStopBeforeItIsConnected) {
  EchoClient client(loop, open_here, Transport::tcp, loopback, server.local(), {.interval = 100us});
  client.stop();
  while (loop.turn(1ms)) {
  }
  EXPECT_EQ(client.sent(), 0U);
  EXPECT_EQ(client.errors(), 0U) << client.last_error();
}

TEST_P(EchoTest, AClientWithoutAServerTellsWhy) {
  const auto nobody = inet_socket(SOCK_STREAM);
  const auto nowhere = bind_to_loopback(nobody.get());
  EchoClient tcp(loop, open_here, Transport::tcp, loopback, nowhere);
  EchoClient udp(loop, open_here, Transport::udp, loopback, nowhere);
  EXPECT_TRUE(until([&] { return tcp.errors() > 0 && udp.errors() > 0; }));
  EXPECT_EQ(tcp.last_error(), "the connection ended: Connection refused");
  EXPECT_EQ(udp.last_error(), "Connection refused");
  EXPECT_EQ(tcp.answered() + udp.answered(), 0U);
}

// A server that answers with other bytes than it got.
TEST_P(EchoTest, AClientNoticesAnAnswerThatIsNotWhatItSent) {
  Recorder told;
  auto events = told.events();
  std::unique_ptr<TcpServer> liar;
  events.on_data = [&](TcpServer::ClientId id, ByteView bytes) {
    auto altered = copy_of(bytes);
    altered.back() ^= 1;
    liar->send(id, altered);
  };
  liar = std::make_unique<TcpServer>(loop, open_here, loopback, events);
  EchoClient client(loop, open_here, Transport::tcp, loopback, liar->local(), {.interval = 1h});
  EXPECT_TRUE(until([&] { return client.errors() > 0; }));
  EXPECT_EQ(client.last_error(), "an answer is not what was sent");
  EXPECT_EQ(client.answered(), 0U);
  EXPECT_EQ(client.in_flight(), 1U);
}

TEST_P(EchoTest, AClientWhoseConnectionEndsCountsWhatWasUnderWayAsLost) {
  Recorder told;
  auto events = told.events();
  std::unique_ptr<TcpServer> rude;
  events.on_data = [&](TcpServer::ClientId id, ByteView) { rude->abort(id); };
  rude = std::make_unique<TcpServer>(loop, open_here, loopback, events);
  EchoClient client(loop, open_here, Transport::tcp, loopback, rude->local(), {.interval = 1h});
  EXPECT_TRUE(until([&] { return client.errors() == 2; })) << "the connection and one message";
  EXPECT_EQ(client.in_flight(), 0U);
  EXPECT_EQ(client.last_error(), "the connection ended: Connection reset by peer");
}

// Frames larger than what may usually wait, many under way, to a client that reads only now and then.
TEST_P(EchoTest, AnswersLargeFramesHoweverManyAreUnderWay) {
  const auto content = pattern(1'100'000);
  std::string sent;
  for (int i = 0; i < 6; ++i) {
    const auto small = encode_frame({}, as_bytes(pattern(10'000)));
    const auto large = encode_frame({}, as_bytes(content));
    sent.append(as_text(small)).append(as_text(large));
  }
  const auto peer = plain_client(server.local());
  std::size_t asked = 0;
  Reader reader;
  int turns = 0;
  EXPECT_TRUE(until([&] {
    const auto count = ::send(peer.get(), sent.data() + asked, sent.size() - asked, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) asked += static_cast<std::size_t>(count);
    if (++turns % 8 == 0) reader.read(peer.get());
    return reader.end || reader.text.size() == sent.size();
  }));
  EXPECT_EQ(reader.end, std::nullopt);
  EXPECT_TRUE(reader.text == sent);
}

// A datagram with a forged source would keep two services busy with each other for ever.
TEST_P(EchoTest, DoesNotAnswerWhoMayBeAnEchoServiceToo) {
  UdpEndpoint twin(loop, open_here, {Ipv4(127, 0, 0, 2), server.local().port}, {});
  EXPECT_FALSE(twin.send_to(server.local(), as_bytes(reference)));
  EXPECT_TRUE(until([&] { return server.stats().looped == 1; }));
  EXPECT_EQ(server.stats().answered, 0U);
}

TEST_P(EchoTest, StopsWhenTheLastClientIsGone) {
  auto peer = plain_client(server.local());
  EXPECT_TRUE(until([&] { return server.tcp().clients() == 1; }));
  bool stopped = false;
  server.stop([&] { stopped = true; });
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.end.has_value();
  }));
  EXPECT_EQ(reader.end, 0);
  EXPECT_FALSE(stopped);
  peer.reset();
  EXPECT_TRUE(until([&] { return stopped; }));
}

INSTANTIATE_TEST_SUITE_P(All, EchoTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
