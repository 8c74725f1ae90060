// What a sender may say, in which pieces and how slowly.
#include <future>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/services/file_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::HasSubstr;

struct FileStreamTest : FileFixture {};

TEST_P(FileStreamTest, WhoDoesNotKeepToTheProtocolIsToldSo) {
  auto& to = receiver();
  const auto wire = [](const Bytes& bytes) { return std::string(as_text(bytes)); };
  FileOffer offer{
      .name = "a", .size = 4, .mtime = 0, .digest = {.wanted = false, .known = {}}, .id = std::string(32, '4')};
  const auto good = wire(encode_offer(offer));
  offer.name = "../a";
  const auto outside = wire(encode_offer(offer));
  struct Case {
    std::string says, hears;
  };
  const Case cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", "refuse"},
      {wire(encode_message("hello")), "this is no offer"},
      {wire(encode_message("offer")), "there is no name"},
      {wire(encode_message("done")), "this is no offer"},
      {outside, "only a base name"},
      {good + "tex", "failed"},
      {good + wire(encode_done(std::nullopt)), "spoke before the answer"},
  };
  for (const auto& [says, hears] : cases) EXPECT_THAT(say(says, 10'000).text, HasSubstr(hears)) << says;
  EXPECT_TRUE(until([&] { return to.tcp().clients() == 0; }));
  EXPECT_TRUE(std::filesystem::is_empty(target.path()));
  EXPECT_EQ(send(source("b", "text")).result, FileSender::Result::verified);
}

TEST_P(FileStreamTest, ADigestThatIsNotTheSendersLeavesNothingBehind) {
  auto& to = receiver();
  const FileOffer offer{.name = "a", .size = 4, .mtime = 0, .digest = {}, .id = std::string(32, '5')};
  auto peer = plain_client(to.local());
  const auto first = std::string(as_text(encode_offer(offer)));
  ::send(peer.get(), first.data(), first.size(), MSG_NOSIGNAL);
  ASSERT_TRUE(until([&] { return begun.size() == 1; }));
  const auto rest = "text" + std::string(as_text(encode_done(Sha256{1})));
  ::send(peer.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
  ASSERT_TRUE(until([&] { return !ended.empty(); }));
  EXPECT_EQ(ended[0].result, FileReceiver::Result::corrupt);
  EXPECT_TRUE(std::filesystem::is_empty(target.path()));
}

TEST_P(FileStreamTest, WhoConnectsAndIsSilentIsCutOff) {
  auto& to = receiver({.offer_limit = 20ms, .silence_limit = 20ms, .progress_interval = 5ms});
  EXPECT_EQ(say("\x30", 1).end, ECONNRESET);
  const FileOffer offer{.name = "a", .size = 4, .mtime = 0, .digest = {}, .id = std::string(32, '6')};
  EXPECT_EQ(say(std::string(as_text(encode_offer(offer))), 10'000).end, ECONNRESET);
  EXPECT_TRUE(until([&] { return to.tcp().clients() == 0; }));
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].result, FileReceiver::Result::cut);
}

TEST_P(FileStreamTest, AnOfferThatComesTooSlowlyIsCutOffThoughItMoves) {
  auto& to = receiver({.offer_limit = 30ms, .progress_interval = 5ms});
  const auto peer = plain_client(to.local());
  const FileOffer offer{.name = std::string(200, 'a'), .size = 4, .mtime = 0, .digest = {}, .id = std::string(32, '8')};
  const auto text = std::string(as_text(encode_offer(offer)));
  std::size_t at = 0;
  const auto tick = loop.every(2ms, [&] {
    if (at < text.size()) ::send(peer.get(), &text[at++], 1, MSG_NOSIGNAL);
  });
  ASSERT_TRUE(until([&] { return to.tcp().stats().accepted == 1; }));
  EXPECT_TRUE(until([&] { return to.tcp().clients() == 0; }));
  EXPECT_LT(at, text.size());
  loop.cancel(tick);
}

TEST_P(FileStreamTest, AnOfferMayComeByteByByte) {
  auto& to = receiver();
  const FileOffer offer{.name = "a", .size = 4, .mtime = 0, .digest = {}, .id = std::string(32, 'b')};
  const auto text = std::string(as_text(encode_offer(offer)));
  const auto peer = plain_client(to.local());
  for (const char byte : text) {
    EXPECT_EQ(to.stats().offers, 0U);
    say_all(peer, std::string_view(&byte, 1));
  }
  EXPECT_TRUE(until([&] { return begun.size() == 1; }));
}

TEST_P(FileStreamTest, WhereTheStreamIsTornDoesNotMatter) {
  auto& to = receiver();
  const std::string text = "text";
  FileOffer offer{.name = "", .size = text.size(), .mtime = 0, .digest = {}, .id = ""};
  std::size_t offers = 0;
  const auto rest = text + std::string(as_text(encode_done(sha256_of(as_bytes(text)))));
  for (std::size_t at = 0; at < rest.size(); at += at < 8 ? 1 : 13) {
    offer.name = "f" + std::to_string(at);
    offer.id = fmt::format("{:032x}", at);
    const auto peer = plain_client(to.local());
    const auto before = to.stats().bytes;
    say_all(peer, as_text(encode_offer(offer)));
    ASSERT_TRUE(until([&] { return begun.size() > offers; }));
    ++offers;
    say_all(peer, rest.substr(0, at));
    EXPECT_EQ(to.stats().bytes, before + std::min(at, text.size())) << "each piece is read for itself";
    say_all(peer, rest.substr(at));
    EXPECT_THAT(answer_of(peer), HasSubstr("type:verified")) << at;
    EXPECT_EQ(read_file(target / offer.name), text);
  }
}

// The worker is held up, so that everything else comes before the file has got its name.
TEST_P(FileStreamTest, BytesBehindTheLastWordAreNotHeardAndNobodyElseGetsAtTheFile) {
  auto& to = receiver();
  FileOffer offer{
      .name = "a", .size = 4, .mtime = 0, .digest = {.wanted = false, .known = {}}, .id = std::string(32, '9')};
  const auto first = std::string(as_text(encode_offer(offer)));
  const auto peer = plain_client(to.local());
  ::send(peer.get(), first.data(), first.size(), MSG_NOSIGNAL);
  ASSERT_TRUE(until([&] { return begun.size() == 1; }));
  std::promise<void> go_on;
  worker.run([&] { go_on.get_future().wait(); }, [] {});
  const auto rest = "text" + std::string(as_text(encode_done(std::nullopt))) + "x";
  ::send(peer.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
  ASSERT_TRUE(until([&] { return to.stats().bytes == 4; }));
  offer.id = std::string(32, 'a');
  EXPECT_THAT(say(std::string(as_text(encode_offer(offer))), 10'000).text, HasSubstr("just being received"));
  to.cut(std::string(32, '9'));
  bool stopped = false;
  to.stop([&] { stopped = true; });
  go_on.set_value();
  Reader reader;
  EXPECT_TRUE(until([&] {
    reader.read(peer.get());
    return reader.end.has_value();
  }));
  EXPECT_THAT(reader.text, HasSubstr("type:verified"));
  EXPECT_EQ(read_file(target / "a"), "text");
  EXPECT_EQ(ended.back().result, FileReceiver::Result::received);
}

INSTANTIATE_TEST_SUITE_P(All, FileStreamTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
