// Who is asked, for what a consent is good, and what stopping does.
#include <future>

#include <gmock/gmock.h>

#include "tests/services/file_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::HasSubstr;

struct FileConsentTest : FileFixture {};

TEST_P(FileConsentTest, NobodyIsSentToBeforeTheAnswerAndARefusalSaysWhy) {
  asks = true;
  auto& to = receiver();
  const auto one = sender(source("a", "text"));
  const auto two = sender(source("b", "text"));
  ASSERT_TRUE(until([&] { return asked.size() == 2; }));
  EXPECT_EQ(to.stats().bytes, 0U);
  EXPECT_TRUE(std::filesystem::is_empty(target.path()));
  to.accept(one->offer().id);
  to.refuse(two->offer().id, "not today");
  to.accept(two->offer().id);  // too late
  ASSERT_TRUE(until([&] { return sent.size() == 2; }));
  EXPECT_TRUE(std::filesystem::exists(target / "a"));
  EXPECT_FALSE(std::filesystem::exists(target / "b"));
  EXPECT_TRUE(std::ranges::any_of(sent, [](const auto& outcome) { return outcome.why == "not today"; }));
}

TEST_P(FileConsentTest, WhoWasAllowedToSendOneFileMayNotSendAnotherUnderItsId) {
  asks = true;
  auto& to = receiver();
  FileOffer offer{
      .name = "a", .size = 4, .mtime = 0, .digest = {.wanted = false, .known = {}}, .id = std::string(32, '2')};
  const auto wire = [&] { return std::string(as_text(encode_offer(offer))); };
  auto peer = plain_client(to.local());
  ::send(peer.get(), wire().data(), wire().size(), MSG_NOSIGNAL);
  ASSERT_TRUE(until([&] { return asked.size() == 1; }));
  to.accept(offer.id);
  reset_by(peer);
  ASSERT_TRUE(all_ended(1));
  EXPECT_THAT(say(wire(), 10).text, HasSubstr("accept")) << "the same is not asked about again";
  ASSERT_TRUE(all_ended(2));
  offer.name = "profile";
  auto other = plain_client(to.local());
  ::send(other.get(), wire().data(), wire().size(), MSG_NOSIGNAL);
  EXPECT_TRUE(until([&] { return asked.size() == 2; }));
}

TEST_P(FileConsentTest, TheTimeInWhichAPersonIsAskedIsNoTimeWithoutAReceiver) {
  asks = true;
  auto& to = receiver();
  const auto one = sender(source("a", "text"), {.retry = {.first = 1ms, .limit = 500ms}});
  ASSERT_TRUE(until([&] { return asked.size() == 1; }));
  bool is_later = false;
  loop.after(700ms, [&] { is_later = true; });
  ASSERT_TRUE(until([&] { return is_later; }));
  to.cut(one->offer().id);
  ASSERT_TRUE(until([&] { return asked.size() == 2 || !sent.empty(); }));
  ASSERT_TRUE(sent.empty()) << sent[0].why;
  to.accept(one->offer().id);
  ASSERT_TRUE(until([&] { return !sent.empty(); }));
  EXPECT_EQ(sent[0].result, FileSender::Result::verified) << sent[0].why;
}

TEST_P(FileConsentTest, AnOfferThatNobodyAnswersIsRefused) {
  asks = true;
  receiver({.answer_limit = 20ms, .progress_interval = 5ms});
  const auto outcome = send(source("a", "text"));
  EXPECT_EQ(outcome.result, FileSender::Result::refused);
  EXPECT_EQ(outcome.why, "nobody has answered");
}

TEST_P(FileConsentTest, ConsentIsForOneFile) {
  asks = true;
  auto& to = receiver({.clash = NameClash::overwrite});
  const auto one = sender(source("a", "text"));
  ASSERT_TRUE(until([&] { return asked.size() == 1; }));
  to.accept(one->offer().id);
  ASSERT_TRUE(until([&] { return !sent.empty(); }));
  auto offer = one->offer();
  offer.digest.known = Sha256{1};
  const auto text = std::string(as_text(encode_offer(offer)));
  const auto peer = plain_client(to.local());
  ::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL);
  EXPECT_TRUE(until([&] { return asked.size() == 2; }));
  EXPECT_EQ(to.stats().received, 1U);
}

TEST_P(FileConsentTest, StoppingEndsWhatRunsAndKeepsWhatCame) {
  asks = true;
  auto& to = receiver();
  const auto one = sender(source("a", "text"), {.retry = {.limit = Duration::zero()}});
  ASSERT_TRUE(until([&] { return asked.size() == 1; }));
  bool stopped = false;
  to.stop([&] { stopped = true; });
  EXPECT_TRUE(until([&] { return stopped && !sent.empty(); }));
  EXPECT_EQ(sent[0].result, FileSender::Result::failed);
}

// The worker is held up, so that the receiver is stopped between the last byte and the verdict.
TEST_P(FileConsentTest, StoppingFinishesWhatIsWhole) {
  auto& to = receiver();
  const auto text = pattern(100'000);
  const FileOffer offer{.name = "a", .size = text.size(), .mtime = 0, .digest = {}, .id = std::string(32, '7')};
  auto peer = plain_client(to.local());
  say_all(peer, as_text(encode_offer(offer)));
  ASSERT_TRUE(until([&] { return begun.size() == 1; }));
  std::promise<void> go_on;
  worker.run([&] { go_on.get_future().wait(); }, [] {});
  say_all(peer, text + std::string(as_text(encode_done(sha256_of(as_bytes(text))))));
  bool stopped = false;
  to.stop([&] { stopped = true; });
  while (loop.turn(0ns)) {
  }
  EXPECT_TRUE(ended.empty());
  EXPECT_FALSE(stopped) << "what is whole is waited for";
  go_on.set_value();
  EXPECT_THAT(answer_of(peer), HasSubstr("type:verified"));
  peer.reset();
  EXPECT_TRUE(until([&] { return stopped; }));
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].result, FileReceiver::Result::received) << ended[0].why;
  EXPECT_TRUE(read_file(target / "a") == text);
}

INSTANTIATE_TEST_SUITE_P(All, FileConsentTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
