#include "lab/services/chat_client.hpp"

#include <gmock/gmock.h>

#include "lab/services/chat.hpp"
#include "tests/services/plain_peer.hpp"

namespace wirelab::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A member, and what it was told.
struct Member {
  Member(Selector& loop, const Endpoint& room, const std::string& name, const ChatClient::Options& options = {})
      : client(loop, open_here, loopback, room, name, events(), options) {}
  ChatClient::Events events() {
    return {.on_welcome =
                [this](const std::vector<std::string>& others) {
                  note("welcome", fmt::format("{}", fmt::join(others, ",")));
                },
            .on_refused = [this](std::string_view why, std::string_view) { note("refused", why); },
            .on_join = [this](std::string_view name) { note("joined", name); },
            .on_leave = [this](std::string_view name,
                               std::string_view why) { note("left", fmt::format("{} {}", name, why)); },
            .on_say = [this](std::string_view name, std::string_view text) { note(name, text); },
            .on_error = [this](std::string_view text) { note("error", text); },
            .on_drained = {},
            .on_retry = [this](const CloseReason&, Duration) { ++retries; },
            .on_end = [this](const CloseReason& reason) { ended = reason.to_string(); }};
  }
  void note(std::string_view what, std::string_view text) { told.push_back(fmt::format("{}: {}", what, text)); }

  std::vector<std::string> told;
  int retries = 0;
  std::optional<std::string> ended;
  ChatClient client;
};

struct ChatClientTest : StackTest {
  bool in(const Member& member) {
    return until([&] { return member.client.is_in(); });
  }
};

TEST_P(ChatClientTest, MembersConverse) {
  const ChatRoom room(loop, open_here, loopback, {});
  Member ada(loop, room.local(), "Ada");
  EXPECT_TRUE(in(ada));
  Member bob(loop, room.local(), "Bob");
  EXPECT_TRUE(in(bob));
  EXPECT_TRUE(ada.client.say("hello") && bob.client.say("well met"));
  EXPECT_TRUE(until([&] { return ada.told.size() == 3 && bob.told.size() == 2; }));
  EXPECT_THAT(ada.told, ElementsAre("welcome: ", "joined: Bob", "Bob: well met"));
  EXPECT_THAT(bob.told, ElementsAre("welcome: Ada", "Ada: hello"));
}

TEST_P(ChatClientTest, LeavingComesBehindWhatWasSaid) {
  const ChatRoom room(loop, open_here, loopback, {});
  Member ada(loop, room.local(), "Ada");
  EXPECT_TRUE(in(ada));
  Member bob(loop, room.local(), "Bob");
  EXPECT_TRUE(in(bob));
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bob.client.say(fmt::format("line {}", i)));
  bob.client.leave();
  EXPECT_FALSE(bob.client.say("too late"));
  EXPECT_TRUE(until([&] { return bob.ended.has_value() && ada.told.size() == 1003; }));
  EXPECT_EQ(bob.ended, "finished");
  EXPECT_EQ(ada.told[1001], "Bob: line 999");
  EXPECT_EQ(ada.told[1002], "left: Bob exit");
}

TEST_P(ChatClientTest, AMemberThatIsThereBeforeItsRoomGetsIn) {
  auto taken = inet_socket(SOCK_STREAM);
  const auto place = bind_to_loopback(taken.get());
  Member ada(loop, place, "Ada", {.tcp = {.retry = {.first = 1ms, .most = 10ms, .limit = soon}}});
  EXPECT_TRUE(until([&] { return ada.retries >= 2; }));
  taken.reset();
  const ChatRoom room(loop, open_here, place, {});
  EXPECT_TRUE(in(ada));
}

TEST_P(ChatClientTest, WithoutARoomItEndsWithTheReason) {
  const auto nobody = inet_socket(SOCK_STREAM);
  Member ada(loop, bind_to_loopback(nobody.get()), "Ada");
  EXPECT_TRUE(until([&] { return ada.ended.has_value(); }));
  EXPECT_EQ(ada.ended, "Connection refused");
  EXPECT_EQ(ada.retries, 0);
}

TEST_P(ChatClientTest, ARefusedNameMayBeFollowedByAnother) {
  const ChatRoom room(loop, open_here, loopback, {});
  Member ada(loop, room.local(), "Ada");
  EXPECT_TRUE(in(ada));
  Member bob(loop, room.local(), "ada");
  EXPECT_TRUE(until([&] { return !bob.told.empty(); }));
  EXPECT_THAT(bob.told, ElementsAre("refused: taken"));
  EXPECT_FALSE(bob.client.say("nobody hears this"));
  bob.client.join("Bob");
  EXPECT_TRUE(in(bob));
  EXPECT_THROW(bob.client.join("B\nb"), std::logic_error);
}

TEST_P(ChatClientTest, ATextThatIsWrongIsToldToTheSpeaker) {
  const ChatRoom room(loop, open_here, loopback, {});
  Member ada(loop, room.local(), "Ada");
  EXPECT_TRUE(in(ada));
  EXPECT_FALSE(ada.client.say(std::string(65'537, 'x'))) << "no room takes that";
  EXPECT_TRUE(ada.client.say(std::string(65'536, 'x')));
  EXPECT_TRUE(until([&] { return ada.told.size() == 2; }));
  EXPECT_EQ(ada.told.back(), "error: nobody may say more than 4096 bytes at once");
}

TEST_P(ChatClientTest, ItShowsThatItLivesAndGivesARoomUpThatDoesNot) {
  const ChatRoom room(loop, open_here, loopback, {}, {.period = 100ms});
  Member ada(loop, room.local(), "Ada");
  EXPECT_TRUE(in(ada));
  const auto later = now() + 500ms;
  EXPECT_TRUE(until([&] { return now() > later; }));
  EXPECT_TRUE(ada.client.is_in()) << "longer than three periods";
  // A server that welcomes, and then nothing.
  std::unique_ptr<TcpServer> mute;
  mute =
      std::make_unique<TcpServer>(loop, open_here, loopback,
                                  TcpServer::Events{.on_open =
                                                        [&](TcpServer::ClientId id, const Endpoint&) {
                                                          mute->send(id, encode_message("welcome", {{"period", "50"}}));
                                                        },
                                                    .on_data = [](TcpServer::ClientId, ByteView) {}});
  Member bob(loop, mute->local(), "Bob");
  EXPECT_TRUE(in(bob));
  EXPECT_TRUE(until([&] { return bob.ended.has_value(); }));
  EXPECT_TRUE(bob.ended && bob.ended->starts_with("idle")) << *bob.ended;
}

TEST_P(ChatClientTest, AServerThatRepeatsWhatItHearsIsNoRoomAndIsLeftAtOnce) {
  Recorder echo;
  TcpServer server(loop, open_here, loopback, echo.events());
  echo.echo = &server;
  Member ada(loop, server.local(), "Ada", {.tcp = {.connection = {.connect_limit = 1h}}});
  EXPECT_TRUE(until([&] { return ada.ended.has_value(); }));
  EXPECT_EQ(ada.ended, "Protocol error");
}

TEST_P(ChatClientTest, AServerThatSaysNothingIsGivenUp) {
  Recorder mute;
  const TcpServer server(loop, open_here, loopback, mute.events());
  Member ada(loop, server.local(), "Ada", {.tcp = {.connection = {.connect_limit = 300ms}}});
  EXPECT_TRUE(until([&] { return ada.ended.has_value(); }));
  EXPECT_TRUE(ada.ended && ada.ended->starts_with("idle")) << *ada.ended;
  EXPECT_GE(mute.received.begin()->second.size(), encode_message("alive").size());
}

// What a room says that means no good.
TEST_P(ChatClientTest, StrangeThingsOfARoomArePassedOver) {
  struct Strange {
    Bytes bytes;
    std::vector<std::string> told;
    bool ends;
  };
  const auto welcome_and = [](const Bytes& other) {
    auto both = encode_message("welcome");
    both.insert(both.end(), other.begin(), other.end());
    return both;
  };
  const auto text = [](std::string_view content) { return as_bytes(content); };
  const std::vector<Strange> strange{
      {encode_message("welcome", {}, text("Bob\n\n\x1b[2J\nEve\xff\nCleo")), {"welcome: Bob,Cleo"}, false},
      {encode_message("welcome", {{"period", "0"}}), {"welcome: "}, false},
      {welcome_and(encode_message("weather", {}, text("rain"))), {"welcome: "}, false},
      {welcome_and(encode_frame({}, text("no type"))), {"welcome: "}, false},
      {encode_message("weather", {}, text("rain")), {}, true},
      {encode_frame({}, text("no type")), {}, true},
      {encode_message("error", {}, text("of another service")), {}, true},
      {Bytes{1, 0, 'x'}, {}, true},
      {encode_message("said", {}, Bytes((std::size_t{1} << 20) + 1)), {}, true},
  };
  for (const auto& [bytes, told, ends] : strange) {
    std::unique_ptr<TcpServer> server;
    const auto last = encode_message("joined", {{"name", "last"}});
    server = std::make_unique<TcpServer>(
        loop, open_here, loopback,
        TcpServer::Events{.on_open = [&, &said = bytes](TcpServer::ClientId id, const Endpoint&) {
          server->send(id, said);
          server->send(id, last);
        }});
    Member ada(loop, server->local(), "Ada");
    EXPECT_TRUE(until([&] { return ada.ended || (!ada.told.empty() && ada.told.back() == "joined: last"); }));
    EXPECT_EQ(ada.ended.has_value(), ends) << as_text(bytes);
    auto expected = told;
    if (!ends) expected.emplace_back("joined: last");
    EXPECT_EQ(ada.told, expected);
  }
}

TEST_P(ChatClientTest, ItMayBeDestroyedByWhatItTells) {
  const ChatRoom room(loop, open_here, loopback, {});
  const Member bob(loop, room.local(), "Bob");
  EXPECT_TRUE(in(bob));
  std::unique_ptr<ChatClient> client;
  std::size_t told = 0;
  // What the handler holds is used after the client is gone.
  const auto go = [&client, &told] {
    client.reset();
    ++told;
  };
  const std::vector<ChatClient::Events> ways{
      {.on_welcome = [go](const auto&) { go(); }},
      {.on_welcome = [&client](const auto&) { client->say("\xff"); }, .on_error = [go](std::string_view) { go(); }},
      {.on_welcome = [&client](const auto&) { client->leave(); }, .on_end = [go](const CloseReason&) { go(); }},
  };
  for (const auto& events : ways) {
    const auto before = told;
    client = std::make_unique<ChatClient>(loop, open_here, loopback, room.local(), "Ada", events);
    EXPECT_TRUE(until([&] { return told > before && room.members().size() == 1; }));
  }
  client = std::make_unique<ChatClient>(
      loop, open_here, loopback, room.local(), "bob",
      ChatClient::Events{.on_refused = [go](std::string_view, std::string_view) { go(); }});
  EXPECT_TRUE(until([&] { return told == ways.size() + 1; }));
  EXPECT_THROW(ChatClient(loop, open_here, loopback, room.local(), "", {}), std::logic_error);
}

INSTANTIATE_TEST_SUITE_P(All, ChatClientTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
