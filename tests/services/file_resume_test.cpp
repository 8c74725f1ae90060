// What a cut leaves behind, and how a transfer goes on.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "lab/services/file_name.hpp"
#include "tests/services/file_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::HasSubstr;

struct FileResumeTest : FileFixture {};

TEST_P(FileResumeTest, ASenderThatIsCutOffComesBackAndGoesOnWhereItWas) {
  auto& to = receiver({.progress_interval = 1ms, .tcp = {.connection = {.read_size = 16384}}});
  const auto text = pattern(8'000'000);
  const auto one = sender(source("big", text));
  ASSERT_TRUE(until([&] { return to.stats().bytes > 100'000; }));
  to.cut(one->offer().id);
  ASSERT_TRUE(until([&] { return !sent.empty(); }));
  EXPECT_EQ(sent[0].result, FileSender::Result::verified) << sent[0].why;
  EXPECT_EQ(one->attempts(), 2U);
  ASSERT_EQ(begun.size(), 2U);
  EXPECT_EQ(begun[0], 0U);
  EXPECT_GE(begun[1], 100'000U);
  EXPECT_EQ(to.stats().bytes, text.size()) << "no byte goes twice";
  EXPECT_EQ(to.stats().resumed, 1U);
  EXPECT_TRUE(read_file(target / "big") == text);
  EXPECT_THAT(retries, ::testing::ElementsAre(HasSubstr("reset")));
}

TEST_P(FileResumeTest, WhatIsNoBeginningOfTheFileIsNotKept) {
  auto& to = receiver();
  write_file(target / ".a.part", "something else");
  const auto text = pattern(50'000);
  EXPECT_EQ(send(source("a", text)).result, FileSender::Result::verified);
  EXPECT_TRUE(read_file(target / "a") == text);
  EXPECT_THAT(begun, ::testing::ElementsAre(14U, 0U));
  EXPECT_EQ(to.stats().received, 1U);
}

TEST_P(FileResumeTest, ABeginningFromAnEarlierRunIsKept) {
  receiver();
  const auto text = pattern(50'000);
  for (const std::size_t size : {20'000U, 50'000U, 60'000U}) {
    const auto name = std::to_string(size);
    write_file(target / part_name(name), (text + pattern(10'000)).substr(0, size));
    EXPECT_EQ(send(source(name, text)).result, FileSender::Result::verified);
    EXPECT_TRUE(read_file(target / name) == text);
  }
  EXPECT_THAT(begun, ::testing::ElementsAre(20'000U, 50'000U, 0U));
}

// The same offer again, with the digest that is known by then.
TEST_P(FileResumeTest, AFileThatArrivedBeforeTheLastWordWasLostIsNotSentAgain) {
  auto& to = receiver();
  write_file(target / "a", "the text");
  FileOffer offer{.name = "a",
                  .size = 8,
                  .mtime = 0,
                  .digest = {.wanted = true, .known = sha256_of(as_bytes("the text"))},
                  .id = std::string(32, '1')};
  const auto wire = [](const FileOffer& some) { return std::string(as_text(encode_offer(some))); };
  EXPECT_THAT(say(wire(offer), 1000).text, HasSubstr("type:verified"));
  offer.digest.known = Sha256{1};
  EXPECT_THAT(say(wire(offer), 1000).text, HasSubstr("exists already"));
  EXPECT_EQ(to.stats().bytes, 0U);
}

TEST_P(FileResumeTest, AResetAtEveryPointEndsOneTransferAndNothingElse) {
  auto& to = receiver();
  const auto text = pattern(5000);
  const FileOffer offer{.name = "a", .size = text.size(), .mtime = 0, .digest = {}, .id = std::string(32, '3')};
  auto whole = std::string(as_text(encode_offer(offer)));
  const auto offer_size = whole.size();
  whole += text + std::string(as_text(encode_done(sha256_of(as_bytes(text)))));
  for (std::size_t size = 0; size < whole.size(); size += size < offer_size || size > whole.size() - 90 ? 1 : 613) {
    auto peer = plain_client(to.local());
    const auto first = std::min(size, offer_size);
    ::send(peer.get(), whole.data(), first, MSG_NOSIGNAL);
    if (size > offer_size) {
      Reader reader;
      ASSERT_TRUE(until([&] {
        reader.read(peer.get());
        return reader.text.size() > 20;
      }));
      const auto from = reader.text.find("from:");
      ASSERT_NE(from, reader.text.npos) << reader.text;
      const auto start = offer_size + std::stoul(reader.text.substr(from + 5));
      if (size > start) ::send(peer.get(), whole.data() + start, size - start, MSG_NOSIGNAL);
    }
    reset_by(peer);
    ASSERT_TRUE(until([&] { return to.tcp().clients() == 0 && to.transfers() == 0; })) << size;
    ASSERT_FALSE(std::filesystem::exists(target / "a")) << size;
  }
  EXPECT_EQ(send(source("b", text)).result, FileSender::Result::verified);
}

// What lies there is no reason to give up, nor is a person who takes longer than the retries would.
TEST_P(FileResumeTest, AStalePartFileNeedsNoRetries) {
  asks = true;
  auto& to = receiver();
  write_file(target / ".a.part", "something else");
  const auto one = sender(source("a", "text"), {.retry = {.limit = Duration::zero()}});
  ASSERT_TRUE(until([&] { return asked.size() == 1; }));
  bool later = false;
  loop.after(20ms, [&] { later = true; });
  ASSERT_TRUE(until([&] { return later; }));
  to.accept(one->offer().id);
  ASSERT_TRUE(until([&] { return !sent.empty(); }));
  EXPECT_EQ(sent[0].result, FileSender::Result::verified) << sent[0].why;
}

TEST_P(FileResumeTest, ASenderThatMissedTheLastWordHearsItAndNothingElseHappens) {
  auto& to = receiver();
  const auto one = sender(source("a", "text"));
  ASSERT_TRUE(until([&] { return ended.size() == 1 && !sent.empty(); }));
  auto offer = one->offer();
  EXPECT_THAT(say(std::string(as_text(encode_offer(offer))), 1000).text, HasSubstr("type:verified"));
  offer.digest.known = Sha256{1};
  EXPECT_THAT(say(std::string(as_text(encode_offer(offer))), 1000).text, HasSubstr("exists already"));
  ASSERT_TRUE(all_ended(2));
  EXPECT_EQ(ended[1].result, FileReceiver::Result::refused) << "a digest that is not the file's";
  EXPECT_EQ(to.stats().received, 1U);
}

TEST_P(FileResumeTest, OfTheFilesThatDidNotComeNoEmptyPartIsLeft) {
  auto& to = receiver();
  for (const std::uint64_t size : {0U, 5U}) {
    const FileOffer offer{.name = "a", .size = size, .mtime = 0, .digest = {}, .id = fmt::format("{:032x}", size)};
    const auto text = std::string(as_text(encode_offer(offer)));
    auto peer = plain_client(to.local());
    ::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL);
    const auto before = begun.size();
    ASSERT_TRUE(until([&] { return begun.size() > before; }));
    reset_by(peer);
    ASSERT_TRUE(until([&] { return to.transfers() == 0; }));
    EXPECT_TRUE(std::filesystem::is_empty(target.path()));
  }
}

INSTANTIATE_TEST_SUITE_P(All, FileResumeTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
