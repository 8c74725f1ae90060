// Frames over real connections: split and joined as TCP likes, malformed, unfinished, and slower than anybody waits.
#include "lab/stack/frame_server.hpp"

#include <gmock/gmock.h>

#include "lab/stack/frame_client.hpp"
#include "tests/stack/stack_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string frame_of(std::string_view content) { return std::string(as_text(encode_frame({}, as_bytes(content)))); }

struct FrameServerTest : StackTest {
  explicit FrameServerTest(const FrameServer::Options& options = {})
      : server(loop, open_here, loopback, events(), options) {}

  FrameServer::Events events() {
    return {.on_open = [this](FrameServer::ClientId id, const Endpoint&) { ids.push_back(id); },
            .on_frame =
                [this](FrameServer::ClientId id, const Frame& frame) {
                  frames.emplace_back(as_text(frame.content));
                  if (during) during(id);
                },
            .on_bad_frame =
                [this](FrameServer::ClientId id, const FrameError& error) {
                  faults.push_back(error.to_string());
                  server.tcp().send(id, as_bytes("bad frame"));
                },
            .on_end = {},
            .on_close = [this](FrameServer::ClientId id, const CloseReason& reason) { closed[id] = reason; }};
  }
  UniqueFd client() {
    auto socket = plain_client(server.local());
    const auto before = ids.size();
    EXPECT_TRUE(until([&] { return ids.size() > before; }));
    return socket;
  }
  Reader rest_of(int fd) {
    Reader reader;
    EXPECT_TRUE(until([&] {
      reader.read(fd);
      return reader.end.has_value();
    }));
    return reader;
  }

  std::vector<FrameServer::ClientId> ids;
  std::vector<std::string> frames;
  std::vector<std::string> faults;
  std::map<FrameServer::ClientId, CloseReason> closed;
  std::function<void(FrameServer::ClientId)> during;
  FrameServer server;
};

TEST_P(FrameServerTest, FramesComeWholeHoweverTheyTravel) {
  const auto peer = client();
  write_to(peer.get(), frame_of("many") + frame_of("in") + frame_of("one segment"));
  EXPECT_TRUE(until([&] { return frames.size() == 3; }));
  EXPECT_THAT(frames, ElementsAre("many", "in", "one segment"));
  frames.clear();
  const auto split = frame_of("byte by byte");
  for (const char& byte : split) {
    EXPECT_THAT(frames, IsEmpty());
    write_to(peer.get(), {&byte, 1});
    loop.turn(soon);
  }
  EXPECT_THAT(frames, ElementsAre("byte by byte"));
}

TEST_P(FrameServerTest, WhoSendsNoFrameIsToldAndClosedAndNobodyElse) {
  const auto other = client();
  const auto peer = client();
  write_to(peer.get(), frame_of("good") + std::string("\x02\0CL", 4) + frame_of("not heard any more"));
  const auto reader = rest_of(peer.get());
  EXPECT_EQ(reader.text, "bad frame");
  EXPECT_EQ(reader.end, 0);
  EXPECT_THAT(faults, ElementsAre("a pair of the header has no ':' (byte 12)"));
  EXPECT_THAT(frames, ElementsAre("good"));
  write_to(other.get(), frame_of("still served"));
  EXPECT_TRUE(until([&] { return frames.size() == 2; }));
  EXPECT_TRUE(server.tcp().is_open(ids[0]));
}

TEST_P(FrameServerTest, AnEndInsideAFrameIsAFaultAndBetweenFramesIsNone) {
  auto clean = client();
  write_to(clean.get(), frame_of("whole"));
  ::shutdown(clean.get(), SHUT_WR);
  EXPECT_EQ(rest_of(clean.get()).text, "");
  EXPECT_THAT(faults, IsEmpty());
  const auto cut = client();
  write_to(cut.get(), frame_of("not whole").substr(0, 9));
  ::shutdown(cut.get(), SHUT_WR);
  EXPECT_EQ(rest_of(cut.get()).text, "bad frame") << "it can still read";
  EXPECT_THAT(faults, ElementsAre("the bytes end inside a frame (byte 9)"));
}

// What the handler closes is not heard, though it lies in the buffer already.
TEST_P(FrameServerTest, AHandlerMayCloseOrAbortBetweenTwoFrames) {
  for (const bool abort : {true, false}) {
    frames.clear();
    const auto peer = client();
    during = [&](FrameServer::ClientId id) { abort ? server.tcp().abort(id) : server.tcp().close(id); };
    write_to(peer.get(), frame_of("first") + frame_of("second"));
    EXPECT_EQ(rest_of(peer.get()).end, abort ? ECONNRESET : 0);
    EXPECT_THAT(frames, ElementsAre("first"));
  }
}

INSTANTIATE_TEST_SUITE_P(All, FrameServerTest, all_pollers, poller_name);

struct SlowFrameTest : FrameServerTest {
  SlowFrameTest() : FrameServerTest({.frame_limit = 100ms}) {}
};

// A byte now and then keeps no connection open: the limit counts from the frame's first byte.
TEST_P(SlowFrameTest, WhoSendsAFrameByteByByteForEverIsCutOff) {
  const auto peer = client();
  const auto silent = client();
  const auto text = frame_of(std::string(10'000, 'x'));
  std::size_t sent = 0;
  const auto drip = loop.every(1ms, [&] {
    if (closed.empty()) (void)!::send(peer.get(), text.data() + sent++, 1, MSG_NOSIGNAL);
  });
  EXPECT_TRUE(until([&] { return !closed.empty(); }));
  loop.cancel(drip);
  EXPECT_GT(sent, 10U);
  EXPECT_LT(sent, text.size());
  EXPECT_EQ(closed.begin()->first, ids[0]);
  EXPECT_EQ(closed.begin()->second.cause, CloseCause::too_slow);
  EXPECT_TRUE(server.tcp().is_open(ids[1])) << "who has begun nothing is not slow";
  EXPECT_THAT(faults, IsEmpty());
}

TEST_P(SlowFrameTest, WhoSendsTheBeginningAtOnceAndNothingMoreIsCutOffToo) {
  const auto peer = client();
  write_to(peer.get(), frame_of(std::string(60'000, 'x')).substr(0, 50'000));  // seconds ahead of the least rate
  const auto begun = now();
  EXPECT_TRUE(until([&] { return !closed.empty(); }));
  EXPECT_EQ(closed[ids[0]].cause, CloseCause::too_slow);
  EXPECT_LT(now() - begun, 2s);
}

INSTANTIATE_TEST_SUITE_P(All, SlowFrameTest, all_pollers, poller_name);

struct LargeFrameTest : FrameServerTest {
  LargeFrameTest() : FrameServerTest({.frame_limit = 500ms, .least_rate = 1000}) {}
};

// The limit is for who does not go on: a large frame may take longer.
TEST_P(LargeFrameTest, AFrameThatComesSteadilyMayTakeLongerThanItsLimit) {
  const auto peer = client();
  const auto text = frame_of(std::string(20'000, 'x'));
  std::size_t sent = 0;
  const auto begun = now();
  const auto stream = loop.every(10ms, [&] {
    const bool due = now() - begun > 1s;
    const auto size = due ? text.size() - sent : std::min<std::size_t>(200, text.size() - sent - 1);
    if (::send(peer.get(), text.data() + sent, size, MSG_NOSIGNAL) > 0) sent += size;
  });
  EXPECT_TRUE(until([&] { return !frames.empty() || !closed.empty(); }));
  loop.cancel(stream);
  EXPECT_GT(now() - begun, 1s);
  EXPECT_EQ(frames.size(), 1U);
  EXPECT_EQ(closed.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(All, LargeFrameTest, all_pollers, poller_name);

struct HeldUpTest : FrameServerTest {
  HeldUpTest() : FrameServerTest({.frame_limit = 200ms, .pace = {.burst = 1, .interval = 600ms}}) {}
};

// The clock of a frame stands while the server itself does not read on.
TEST_P(HeldUpTest, AFrameBehindWhatIsHeldUpIsNotLate) {
  const auto peer = client();
  const auto last = frame_of("second");
  write_to(peer.get(), frame_of("first") + last.substr(0, 5));
  EXPECT_TRUE(until([&] { return server.held_up() == 1; }));
  const auto begun = now();
  const auto limits = loop.after(400ms, [&] { write_to(peer.get(), last.substr(5)); });
  EXPECT_TRUE(until([&] { return frames.size() == 2 || !closed.empty(); }));
  loop.cancel(limits);
  EXPECT_THAT(frames, ElementsAre("first", "second"));
  EXPECT_GT(now() - begun, 400ms);
  EXPECT_THAT(closed, IsEmpty());
}

TEST_P(HeldUpTest, AnEndBehindWhatIsHeldUpIsAnEndInOrder) {
  const auto peer = client();
  write_to(peer.get(), frame_of("first") + frame_of("second") + frame_of("third"));
  ::shutdown(peer.get(), SHUT_WR);
  EXPECT_EQ(rest_of(peer.get()).end, 0);
  EXPECT_THAT(frames, ElementsAre("first", "second", "third"));
  EXPECT_THAT(faults, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, HeldUpTest, all_pollers, poller_name);

// A client that does not take its answers is not read, and what it has begun meanwhile is not late.
struct UntakenTest : FrameServerTest {
  UntakenTest() : FrameServerTest({.frame_limit = 500ms}) {}
};

TEST_P(UntakenTest, AFrameOfAClientThatIsNotReadIsNotLate) {
  const auto peer = client();
  const Bytes answer(std::size_t{8} << 20);
  during = [&](FrameServer::ClientId id) {
    if (frames.size() == 1) server.tcp().send(id, answer);
  };
  const auto last = frame_of("second");
  write_to(peer.get(), frame_of("first") + last.substr(0, 5));
  EXPECT_TRUE(until([&] { return !frames.empty(); }));
  bool is_later = false;
  loop.after(1200ms, [&] { is_later = true; });
  EXPECT_TRUE(until([&] { return is_later; }));
  EXPECT_THAT(closed, IsEmpty());
  write_to(peer.get(), last.substr(5));
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return frames.size() == 2 || !closed.empty();
  }));
  EXPECT_THAT(frames, ElementsAre("first", "second"));
}

INSTANTIATE_TEST_SUITE_P(All, UntakenTest, all_pollers, poller_name);

// More waits for the client than low_water, but never was it more than high_water.
struct LeftTest : FrameServerTest {
  LeftTest() : FrameServerTest({.frame_limit = 100ms, .tcp = {.connection = {.high_water = SIZE_MAX}}}) {}
};

TEST_P(LeftTest, AnswersThatAreLeftDoNotStopTheClockOfAClientThatIsRead) {
  const auto peer = client();
  const Bytes answer(std::size_t{8} << 20);
  during = [&](FrameServer::ClientId id) { server.tcp().send(id, answer); };
  write_to(peer.get(), frame_of("first") + frame_of("second").substr(0, 5));
  ASSERT_TRUE(until([&] { return frames.size() == 1; }));
  EXPECT_GT(server.tcp().queued(ids[0]), TcpConnection::Options{}.low_water);
  EXPECT_TRUE(server.tcp().is_reading(ids[0]));
  ASSERT_TRUE(until([&] { return !closed.empty(); }));
  EXPECT_EQ(closed[ids[0]].cause, CloseCause::too_slow);
}

INSTANTIATE_TEST_SUITE_P(All, LeftTest, all_pollers, poller_name);

struct FrameClientTest : FrameServerTest {
  FrameClient::Events client_events() {
    return {.on_connect = [this] { log += "connect "; },
            .on_frame =
                [this](const Frame& frame) {
                  log += std::string(as_text(frame.content)) + ' ';
                  if (at_frame) at_frame();
                },
            .on_bad_frame = [this](const FrameError& error) { log += error.to_string() + ' '; },
            .on_end = {},
            .on_close = [this](const CloseReason& reason) { log += reason.to_string(); }};
  }
  void connect() {
    log.clear();
    frame_client = std::make_unique<FrameClient>(loop, open_here, loopback, server.local(), client_events());
    const auto before = ids.size();
    EXPECT_TRUE(until([&] { return ids.size() > before && frame_client->tcp().is_open(); }));
  }
  bool logged(const std::string& expected) {
    return until([&] { return log == expected; });
  }
  bool send(const std::string& bytes) { return server.tcp().send(ids.back(), as_bytes(bytes)); }

  std::string log;
  std::function<void()> at_frame;
  std::unique_ptr<FrameClient> frame_client;
};

TEST_P(FrameClientTest, ConversesInFrames) {
  connect();
  EXPECT_TRUE(frame_client->tcp().send(encode_frame({}, as_bytes("hello"))));
  EXPECT_TRUE(until([&] { return frames.size() == 1; }));
  EXPECT_TRUE(send(frame_of("one") + frame_of("two")));
  EXPECT_TRUE(logged("connect one two "));
  server.tcp().close(ids.back());
  EXPECT_TRUE(logged("connect one two finished")) << "the client closes after the server's end";
}

TEST_P(FrameClientTest, AServerThatSendsNoFrameIsLeft) {
  connect();
  EXPECT_TRUE(send(frame_of("one") + std::string("\xFF\xFF")));
  EXPECT_TRUE(logged("connect one the header is longer than the limit (byte 9) aborted")) << log;
}

TEST_P(FrameClientTest, AnEndInsideAFrameIsAFault) {
  connect();
  EXPECT_TRUE(send(frame_of("one").substr(0, 5)));
  server.tcp().close(ids.back());
  EXPECT_TRUE(logged("connect the bytes end inside a frame (byte 5) aborted")) << log;
}

// Each handler destroys the client and goes on using what it captured.
TEST_P(FrameClientTest, MayBeDestroyedInAnyOfItsEvents) {
  std::string told;
  const auto gone = [this, &told](const char* name) {
    return [this, &told, name](const auto&...) {
      frame_client.reset();
      told += name;
    };
  };
  const std::pair<const char*, FrameClient::Events> cases[] = {
      {"connect", {.on_connect = gone("connect")}}, {"frame", {.on_frame = gone("frame")}},
      {"bad", {.on_bad_frame = gone("bad")}},       {"end", {.on_end = gone("end")}},
      {"close", {.on_close = gone("close")}},
  };
  during = [this](FrameServer::ClientId id) {  // whatever is said is answered by all that can happen
    server.tcp().send(id, as_bytes(frame_of("one") + frame_of("two") + std::string("\xFF\xFF")));
    server.tcp().close(id);
  };
  for (const auto& [name, events] : cases) {
    told.clear();
    frame_client = std::make_unique<FrameClient>(loop, open_here, loopback, server.local(), events);
    EXPECT_TRUE(until([&] { return !frame_client || frame_client->tcp().is_open(); }));
    const bool whole = std::string_view(name) == "end";
    if (frame_client && !whole) frame_client->tcp().send(encode_frame({}, {}));
    if (whole && until([&] { return server.tcp().clients() > 0 && server.tcp().is_open(ids.back()); }))
      server.tcp().close(ids.back());
    EXPECT_TRUE(until([&] { return !frame_client; })) << name;
    EXPECT_EQ(told, name);
    EXPECT_TRUE(until([&] { return server.tcp().clients() == 0; }));
  }
}

INSTANTIATE_TEST_SUITE_P(All, FrameClientTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
