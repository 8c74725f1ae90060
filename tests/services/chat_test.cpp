// A chat room as its members see it: they are plain sockets here, so that they can do whatever a member should not.
#include "lab/services/chat.hpp"

#include <gmock/gmock.h>

#include "tests/services/service_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct ChatTest : ServiceTest {
  PlainPeer& peer() { return peers.emplace_back(room().local()); }
  PlainPeer& member(const std::string& name) {
    auto& joined = peer();
    joined.say("join", {{"name", name}});
    EXPECT_TRUE(meanwhile([&] { return !joined.heard.empty(); }));
    return joined;
  }
  ChatRoom& room() {
    if (!room_) room_ = std::make_unique<ChatRoom>(loop, opener, loopback, events, options);
    return *room_;
  }

  ChatRoom::Events events;
  ChatRoom::Options options;

 private:
  std::unique_ptr<ChatRoom> room_;
};

TEST_P(ChatTest, ANewcomerIsToldWhoIsThereAndTheOthersAreToldOfIt) {
  auto& ada = member("Ada");
  EXPECT_THAT(ada.heard, ElementsAre("welcome;name:Ada;members:0;period:20000"));
  auto& bob = member("Bob");
  EXPECT_THAT(bob.heard, ElementsAre("welcome;name:Bob;members:1;period:20000 \"Ada\""));
  auto& eve = member("Eve");
  EXPECT_THAT(eve.heard, ElementsAre("welcome;name:Eve;members:2;period:20000 \"Ada\nBob\""));
  EXPECT_TRUE(hears(ada, "joined;name:Bob") && hears(ada, "joined;name:Eve") && hears(bob, "joined;name:Eve"));
  EXPECT_THAT(room().members(), ElementsAre("Ada", "Bob", "Eve"));
}

TEST_P(ChatTest, WhatIsSaidGoesToAllOtherMembersAndToNobodyElse) {
  auto& ada = member("Ada");
  auto& bob = member("Bob");
  auto& outside = peer();
  EXPECT_TRUE(meanwhile([&] { return room().tcp().clients() == 3; }));
  bob.say("say", {}, "hello; a:b\nc");
  bob.say("alive");
  EXPECT_TRUE(hears(ada, "said;name:Bob \"hello; a:b\nc\""));
  EXPECT_TRUE(hears(bob, "alive"));
  EXPECT_EQ(bob.heard.size(), 2U) << "the welcome, and no echo";
  EXPECT_THAT(outside.heard, IsEmpty());
  EXPECT_EQ(room().stats().said, 1U);
}

TEST_P(ChatTest, HoweverAMemberLeavesTheOthersAreTold) {
  struct Way {
    std::string name;
    std::function<void(PlainPeer&)> leave;
    std::string told;
  };
  const std::vector<Way> ways{
      {"exit", [](PlainPeer& one) { one.say("exit"); }, "left;name:exit;why:exit"},
      {"fin", [](PlainPeer& one) { one.shut_down(); }, "left;name:fin;why:closed"},
      {"reset", [](PlainPeer& one) { one.reset(); }, "left;name:reset;why:lost"},
      {"dead mid-message",
       [](PlainPeer& one) {
         EXPECT_EQ(::send(one.fd(), "\x20\0CL:900;ty", 11, 0), 11);
         one.close();
       },
       "left;name:dead mid-message;why:malformed"},
      {"reset mid-message",
       [](PlainPeer& one) {
         EXPECT_EQ(::send(one.fd(), "\x20\0CL:900;ty", 11, 0), 11);
         one.reset();
       },
       "left;name:reset mid-message;why:lost"},
  };
  auto& watcher = member("watcher");
  for (const auto& way : ways) {
    auto& leaver = member(way.name);
    way.leave(leaver);
    EXPECT_TRUE(hears(watcher, way.told)) << way.name << ": " << watcher.heard.back();
    EXPECT_THAT(room().members(), ElementsAre("watcher"));
    peers.pop_back();
  }
  EXPECT_EQ(room().stats().left, ways.size());
}

TEST_P(ChatTest, ExitEndsTheConnectionBehindEverythingThatWasSaidToTheMember) {
  auto& ada = member("Ada");
  auto& bob = member("Bob");
  bob.say("say", {}, "last words");
  bob.say("exit");
  bob.say("say", {}, "from beyond");
  EXPECT_TRUE(ends(bob));
  EXPECT_EQ(bob.end, 0);
  EXPECT_THAT(ada.heard, ElementsAre("welcome;name:Ada;members:0;period:20000", "joined;name:Bob",
                                     "said;name:Bob \"last words\"", "left;name:Bob;why:exit"));
}

TEST_P(ChatTest, NamesThatAreRefused) {
  struct Name {
    std::string name, told;
  };
  const std::string length = "refused;why:name \"a name is 1 to 64 bytes long\"";
  const std::string unseen = "refused;why:name \"a name holds no control characters and nothing invisible\"";
  const std::string blank = "refused;why:name \"a name neither begins nor ends with a blank\"";
  const std::string taken = "refused;why:taken \"somebody here is called so\"";
  const std::vector<Name> names{
      {"", length},
      {std::string(65, 'x'), length},
      {"a\nb", unseen},
      {"a\x1b[31m", unseen},
      {"a\x7f", unseen},
      {"a\xc2\x9b", unseen},        // CSI, as one character
      {"a\xe2\x80\xae", unseen},    // right-to-left override
      {"Ada\xe2\x80\x8b", unseen},  // zero-width space
      {"Ada\xc2\xa0", unseen},      // no-break space
      {"a\xe2\x80\xa8"
       "b",
       unseen},  // line separator
      {" Ada", blank},
      {"Eve ", blank},
      {"Ada", taken},
      {"aDA", taken},
  };
  member("Ada");
  for (const auto& [name, told] : names) {
    auto& one = peer();
    one.say("join", {{"name", name}});
    EXPECT_TRUE(hears(one, told)) << printable(name) << ": " << (one.heard.empty() ? "" : one.heard.back());
    one.say("join", {{"name", "good"}});
    EXPECT_TRUE(meanwhile([&] { return one.heard.size() == 2; })) << "another name may be tried";
    EXPECT_TRUE(one.heard.back().starts_with("welcome;name:good"));
    one.say("exit");
    EXPECT_TRUE(ends(one));
  }
  EXPECT_EQ(room().stats().refused, names.size());
}

TEST_P(ChatTest, NamesThatAreTaken) {
  for (const std::string name : {"x", "Ada Lovelace", "Łukasz", "小明", "a:b=c", "\xf0\x9f\x90\xa7"}) {
    auto& one = member(name);
    EXPECT_TRUE(one.heard.front().starts_with("welcome;name:" + name)) << one.heard.front();
  }
  member(std::string(64, 'x'));
  EXPECT_EQ(room().members().size(), 7U);
}

TEST_P(ChatTest, AMessageThatIsWrongIsAnsweredAndEndsNothing) {
  options.max_text = 10;
  struct Wrong {
    std::string bytes, told;
  };
  const auto message = [](std::string_view type, std::string_view content = "") {
    return std::string(as_text(encode_message(type, {}, as_bytes(content))));
  };
  const auto header = [](std::string_view text) {
    return std::string(1, static_cast<char>(text.size())) + '\0' + std::string(text);
  };
  const std::vector<Wrong> wrongs{
      {header("CL:0"), "error \"the message has no type\""},
      {header("CL:0;type:"), "error \"the message's type is empty\""},
      {header("CL:0;type:say;type:exit"), "error \"the message's type is given twice\""},
      {message("dance"), "error \"'dance' means nothing here\""},
      {message("said", "as if from the room"), "error \"'said' means nothing here\""},
      {message("\x1b]0"), "error \"'\\x1b]0' means nothing here\""},
      {message(std::string(4000, '\x01')),
       [] {
         std::string shown = "error \"'";
         for (int i = 0; i < 64; ++i) shown += "\\x01";
         return shown + "...' means nothing here\"";
       }()},
      {message("say", "eleven byte"), "error \"nobody may say more than 10 bytes at once\""},
      {message("say", "\xff"), "error \"what is said is UTF-8\""},
  };
  auto& ada = member("Ada");
  auto& bob = member("Bob");
  for (const auto& [bytes, told] : wrongs) {
    bob.send(bytes);
    EXPECT_TRUE(hears(bob, told)) << told << ", not " << bob.heard.back();
  }
  bob.say("join", {{"name", "Robert"}});
  EXPECT_TRUE(hears(bob, "refused;why:joined \"you are in the room already\""));
  auto& stranger = peer();
  stranger.say("say", {}, "hi");
  EXPECT_TRUE(hears(stranger, "error \"join first\""));
  bob.say("say", {}, "still here");
  EXPECT_TRUE(hears(ada, "said;name:Bob \"still here\""));
  EXPECT_EQ(ada.heard.size(), 3U) << "the welcome, Bob, and what Bob said last";
}

TEST_P(ChatTest, AStreamThatIsNoFrameIsToldSoAndClosedAlone) {
  struct Stream {
    std::string bytes, told;
  };
  const auto header = [](std::string_view text) {
    return std::string(1, static_cast<char>(text.size())) + '\0' + std::string(text);
  };
  const std::vector<Stream> streams{
      {header("type:say"), "CL is missing"},
      {header("CL:-1;type:say"), "CL is no plain decimal number"},
      {header("CL:1;type:say;CL:1"), "CL is given twice"},
      {header("CL:99999999999999999999;type:say"), "the content is longer than the limit"},
      {header("CL:65537;type:say"), "the content is longer than the limit"},
      {header("CL:0;type:\xff"), "the header is not UTF-8"},
      {std::string("\xff\xff", 2), "the header is longer than the limit"},
      {header("CL:0;nonsense"), "a pair of the header has no ':'"},
  };
  auto& ada = member("Ada");
  for (const auto& [bytes, told] : streams) {
    auto& bob = member("Bob");
    bob.send(bytes);
    EXPECT_TRUE(ends(bob));
    EXPECT_EQ(bob.end, 0) << "in order";
    EXPECT_TRUE(bob.heard.back().starts_with("error \"" + told)) << bob.heard.back();
    EXPECT_TRUE(meanwhile([&] { return ada.heard.back() == "left;name:Bob;why:malformed"; })) << ada.heard.back();
  }
  EXPECT_EQ(room().stats().malformed, streams.size());
  EXPECT_THAT(room().members(), ElementsAre("Ada"));
}

TEST_P(ChatTest, WhoIsSilentForThreePeriodsIsGivenUpAndWhoSaysThatItLivesIsNot) {
  options.period = 150ms;
  auto& ada = member("Ada");
  member("Bob");
  EXPECT_TRUE(ada.heard.front().ends_with("period:150"));
  EXPECT_TRUE(meanwhile([&] {
    ada.say("alive");
    return std::ranges::find(ada.heard, "left;name:Bob;why:silent") != ada.heard.end();
  }));
  EXPECT_EQ(room().stats().silent, 1U);
  EXPECT_EQ(ada.end, std::nullopt);
}

TEST_P(ChatTest, WhoDoesNotJoinIsCutOff) {
  options.join_limit = 30ms;
  auto& chatterbox = peer();
  auto& mute = peer();
  EXPECT_TRUE(meanwhile([&] {
    chatterbox.say("alive");
    return chatterbox.end && mute.end;
  }));
  EXPECT_EQ(room().stats().silent, 0U) << "they were no members";
}

TEST_P(ChatTest, AFrameThatComesByteByByteIsCutOffAtItsLimit) {
  options.frame_limit = 50ms;
  auto& ada = member("Ada");
  auto& slow = member("Slowloris");
  std::string endless(
      "\xff\x0f"
      "CL:1;x:",
      9);
  SteadyTime next{};  // more than a byte a millisecond would be a client in a hurry
  EXPECT_TRUE(meanwhile([&] {
    if (now() >= next) {
      slow.send(endless.substr(0, 1));
      endless = endless.size() > 1 ? endless.substr(1) : "y";
      next = now() + 1ms;
    }
    return slow.end.has_value();
  }));
  EXPECT_TRUE(hears(ada, "left;name:Slowloris;why:slow"));
}

TEST_P(ChatTest, AMemberThatReadsNothingIsCutOffAndTheOthersHearEverything) {
  options.max_queued = std::size_t{64} << 10;
  auto& speaker = member("speaker");
  auto& listener = member("listener");
  auto& stalled = member("stalled");
  const int small = 4096;
  ::setsockopt(stalled.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  stalled.stalled = true;
  const std::string text(4000, 'x');
  const auto is_said = [](const std::string& message) { return message.starts_with("said;"); };
  std::size_t said = 0, most = 0;
  const bool cut_off = meanwhile([&] {
    const bool heard_all = std::ranges::count_if(listener.heard, is_said) == static_cast<std::ptrdiff_t>(said);
    if (heard_all && ++said > 0) speaker.say("say", {}, text);
    most = std::max(most, room().queued());
    return room().stats().slow == 1;
  });
  EXPECT_TRUE(cut_off);
  EXPECT_TRUE(hears(listener, "left;name:stalled;why:slow"));
  EXPECT_TRUE(
      meanwhile([&] { return std::ranges::count_if(listener.heard, is_said) == static_cast<std::ptrdiff_t>(said); }));
  EXPECT_LE(most, options.max_queued + text.size() + 100);
}

TEST_P(ChatTest, StoppingEndsEveryConnectionInOrder) {
  auto& ada = member("Ada");
  auto& bob = member("Bob");
  bob.say("say", {}, "before the end");
  EXPECT_TRUE(hears(ada, "said;name:Bob \"before the end\""));
  bool stopped = false;
  room().stop([&] { stopped = true; });
  EXPECT_TRUE(meanwhile([&] {
    for (auto* one : {&ada, &bob}) {
      if (one->end) one->close();
    }
    return stopped;
  }));
  EXPECT_EQ(ada.end, 0);
  EXPECT_EQ(bob.end, 0);
  EXPECT_EQ(ada.heard.size(), 3U) << "not that the others leave, which all do";
}

TEST_P(ChatTest, WhoseRoomEndsHasNotLeftByItself) {
  std::vector<std::string> left;
  events.on_leave = [&](const std::string& name, std::string_view why) {
    left.push_back(fmt::format("{} {}", name, why));
  };
  auto& ada = member("Ada");
  bool stopped = false;
  room().stop([&] { stopped = true; });
  EXPECT_TRUE(meanwhile([&] {
    if (ada.end) ada.close();
    return stopped;
  }));
  EXPECT_THAT(left, ElementsAre("Ada ended"));
}

TEST_P(ChatTest, WhoIsNotLetInIsToldOfUnderTheNameThatItAskedFor) {
  std::vector<std::string> refused;
  events.on_refuse = [&](const Endpoint&, std::string_view name, std::string_view why) {
    refused.push_back(fmt::format("{} {}", name, why));
  };
  auto& ada = member("Ada");
  ada.say("join", {{"name", "Eve"}});
  peer().say("join", {{"name", "ada"}});
  peer().say("join", {{"name", " x"}});
  EXPECT_TRUE(meanwhile([&] { return refused.size() == 3; }));
  EXPECT_THAT(refused, ::testing::UnorderedElementsAre("Eve joined", "ada taken", " x name"));
}

// Its messages wait in its own windows: nothing is lost, and the others are served in between.
TEST_P(ChatTest, WhoSaysTooMuchAtOnceIsHeardLaterAndNobodyElseWaits) {
  options.pace = {.burst = 10, .interval = 20ms};
  auto& ada = member("Ada");
  auto& flood = member("flood");
  auto& bob = member("Bob");
  constexpr unsigned lines = 40;
  const auto begun = now();
  for (unsigned i = 0; i < lines; ++i) flood.say("say", {}, fmt::format("line {}", i));
  EXPECT_TRUE(meanwhile([&] { return room().held_up() >= 1; }));
  EXPECT_LT(room().stats().said, lines) << "the burst, and what the pace allows meanwhile";
  bob.say("say", {}, "in between");
  EXPECT_TRUE(hears(ada, "said;name:Bob \"in between\""));
  EXPECT_TRUE(hears(ada, fmt::format("said;name:flood \"line {}\"", lines - 1)));
  EXPECT_GE(now() - begun, (lines - 10) * options.pace.interval / 2) << "in the long run it keeps the pace";
  std::vector<std::string> said;
  std::ranges::copy_if(ada.heard, std::back_inserter(said),
                       [](const std::string& message) { return message.starts_with("said;name:flood"); });
  ASSERT_EQ(said.size(), std::size_t{lines});
  for (unsigned i = 0; i < lines; ++i) EXPECT_EQ(said[i], fmt::format("said;name:flood \"line {}\"", i));
}

TEST_P(ChatTest, WhoIsNotHeardForNowMayLeaveOrBreakOff) {
  options.pace = {.burst = 5, .interval = 10ms};
  auto& ada = member("Ada");
  for (const bool resets : {false, true}) {
    auto& flood = member("flood");
    for (int i = 0; i < 20; ++i) flood.say("say", {}, "x");
    if (!resets) flood.say("exit");
    const auto before = room().held_up();
    EXPECT_TRUE(meanwhile([&] { return room().held_up() > before; }));
    if (resets) flood.reset();
    EXPECT_TRUE(hears(ada, resets ? "left;name:flood;why:lost" : "left;name:flood;why:exit"));
  }
}

TEST_P(ChatTest, BeyondItsClientsARoomLetsNobodyIn) {
  options.max_clients = 2;
  auto& ada = member("Ada");
  auto& bob = member("Bob");
  auto& third = peer();
  third.say("join", {{"name", "third"}});
  EXPECT_TRUE(ends(third));
  EXPECT_THAT(third.heard, IsEmpty());
  bob.say("say", {}, "just us");
  EXPECT_TRUE(hears(ada, "said;name:Bob \"just us\""));
}

INSTANTIATE_TEST_SUITE_P(All, ChatTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
