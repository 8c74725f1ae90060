// A receiver and senders in one loop, over loopback: what arrives, what is refused, and what a cut leaves behind.
#include <fstream>
#include <future>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "lab/services/file_name.hpp"
#include "lab/services/file_receiver.hpp"
#include "lab/services/file_sender.hpp"
#include "tests/stack/stack_fixture.hpp"
#include "tests/support/temp_dir.hpp"

namespace wirelab::testing {
namespace {

using ::testing::HasSubstr;

void write_file(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct FileTransferTest : StackTest {
  FileReceiver& receiver(FileReceiver::Options options = {}) {
    FileReceiver::Events events{
        .on_offer = {},
        .on_begin = [this](const FileReceiver::Transfer&, std::uint64_t from) { begun.push_back(from); },
        .on_progress = {},
        .on_end = [this](const FileReceiver::Transfer&,
                         const FileReceiver::Outcome& outcome) { ended.push_back(outcome); }};
    if (asks) events.on_offer = [this](const FileReceiver::Transfer& transfer) { asked.push_back(transfer.offer.id); };
    receiver_ =
        std::make_unique<FileReceiver>(loop, open_here, loopback, worker,
                                       std::make_shared<const TargetFolder>(target.path()), std::move(events), options);
    return *receiver_;
  }

  std::unique_ptr<FileSender> sender(const std::string& path, FileSender::Options options = {}) {
    options.retry.first = 1ms;
    return std::make_unique<FileSender>(
        loop, open_here, loopback, receiver_->local(), worker, SourceFile(path),
        FileSender::Events{.on_offer = {},
                           .on_begin =
                               [this](std::uint64_t from) {
                                 if (on_begin) on_begin(from);
                               },
                           .on_progress = {},
                           .on_retry = [this](std::string_view why, Duration) { retries.emplace_back(why); },
                           .on_end = [this](const FileSender::Outcome& outcome) { sent.push_back(outcome); }},
        options);
  }
  FileSender::Outcome send(const std::string& path, const FileSender::Options& options = {}) {
    const auto before = sent.size();
    const auto one = sender(path, options);
    EXPECT_TRUE(until([&] { return sent.size() > before; }));
    return sent.size() > before ? sent.back() : FileSender::Outcome{};
  }
  std::string source(const std::string& name, const std::string& text) {
    write_file(sources / name, text);
    return sources / name;
  }
  bool all_ended(std::size_t count) {
    return until([&] { return ended.size() >= count && receiver_->tcp().clients() == 0; });
  }
  // A client that speaks by hand.
  Reader say(const std::string& bytes, std::size_t answers) {
    const auto peer = plain_client(receiver_->local());
    EXPECT_EQ(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    Reader reader;
    until([&] {
      reader.read(peer.get());
      return reader.end || reader.text.size() >= answers;
    });
    return reader;
  }

  TempDir sources, target;
  FileWorker worker{loop};
  bool asks = false;
  std::vector<std::string> asked;
  std::vector<std::uint64_t> begun;
  std::vector<FileReceiver::Outcome> ended;
  std::vector<FileSender::Outcome> sent;
  std::vector<std::string> retries;
  std::function<void(std::uint64_t)> on_begin;

 private:
  std::unique_ptr<FileReceiver> receiver_;
};

TEST_P(FileTransferTest, FilesOfEverySizeArriveAsTheyWere) {
  auto& to = receiver();
  for (const bool digest : {true, false}) {
    for (const std::size_t size : {0U, 1U, 32767U, 32768U, 32769U, 3'000'000U}) {
      const auto text = pattern(size);
      const auto name = std::to_string(size) + (digest ? "d" : "n");
      const auto outcome = send(source(name, text), {.digest = digest});
      EXPECT_EQ(outcome.result, FileSender::Result::verified) << name << ": " << outcome.why;
      EXPECT_TRUE(read_file(target / name) == text);
      EXPECT_EQ(outcome.sha256, digest ? std::optional(sha256_of(as_bytes(text))) : std::nullopt);
    }
  }
  EXPECT_EQ(to.stats().received, 12U);
  EXPECT_EQ(to.stats().bytes, 2U * (1 + 32767 + 32768 + 32769 + 3'000'000));
  EXPECT_TRUE(all_ended(12));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(target.path()), {}), 12) << "no part file is left";
}

TEST_P(FileTransferTest, TheFileIsAsOldAsItWas) {
  receiver();
  const auto path = source("old", "text");
  const timespec times[2] = {{.tv_sec = 1'000'000'000, .tv_nsec = 5000},
                             {.tv_sec = 1'234'567'890, .tv_nsec = 123'456'000}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_EQ(send(path).result, FileSender::Result::verified);
  struct stat status {};
  ASSERT_EQ(::stat((target / "old").c_str(), &status), 0);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'234'567'890);
  EXPECT_EQ(status.st_mtim.tv_nsec, 123'456'000);
}

TEST_P(FileTransferTest, ManyAtOnceInBothDirections) {
  auto& to = receiver();
  std::vector<std::unique_ptr<FileSender>> all;
  for (int i = 0; i < 20; ++i)
    all.push_back(sender(source("f" + std::to_string(i), pattern(100'000 + static_cast<unsigned>(i)))));
  // The other device sends to this one while this one sends to it: here both are one loop.
  TempDir other_target;
  int arrived = 0;
  FileReceiver other(
      loop, open_here, loopback, worker, std::make_shared<const TargetFolder>(other_target.path()),
      {.on_offer = {}, .on_begin = {}, .on_progress = {}, .on_end = [&](const auto&, const auto& outcome) {
         arrived += outcome.result == FileReceiver::Result::received ? 1 : 0;
       }});
  std::vector<std::unique_ptr<FileSender>> back;
  for (int i = 0; i < 20; ++i)
    back.push_back(std::make_unique<FileSender>(loop, open_here, loopback, other.local(), worker,
                                                SourceFile(sources / ("f" + std::to_string(i))), FileSender::Events{}));
  EXPECT_TRUE(until([&] { return sent.size() == 20 && arrived == 20; }));
  for (const auto& outcome : sent) EXPECT_EQ(outcome.result, FileSender::Result::verified) << outcome.why;
  EXPECT_EQ(to.stats().received, 20U);
  for (int i = 0; i < 20; ++i) {
    const auto name = "f" + std::to_string(i);
    EXPECT_TRUE(read_file(target / name) == read_file(sources / name));
    EXPECT_TRUE(read_file(other_target / name) == read_file(sources / name));
  }
}

TEST_P(FileTransferTest, ASenderThatIsCutOffComesBackAndGoesOnWhereItWas) {
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

TEST_P(FileTransferTest, WhatIsNoBeginningOfTheFileIsNotKept) {
  auto& to = receiver();
  write_file(target / ".a.part", "something else");
  const auto text = pattern(50'000);
  EXPECT_EQ(send(source("a", text)).result, FileSender::Result::verified);
  EXPECT_TRUE(read_file(target / "a") == text);
  EXPECT_THAT(begun, ::testing::ElementsAre(14U, 0U));
  EXPECT_EQ(to.stats().received, 1U);
}

TEST_P(FileTransferTest, ABeginningFromAnEarlierRunIsKept) {
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

TEST_P(FileTransferTest, WhatIsThereAlreadyStaysAsTheOptionSays) {
  struct Case {
    NameClash clash;
    FileSender::Result result;
    std::string old_name, new_name;
  };
  const Case cases[] = {{NameClash::refuse, FileSender::Result::refused, "old", ""},
                        {NameClash::rename, FileSender::Result::verified, "old", "old (2)"},
                        {NameClash::overwrite, FileSender::Result::verified, "", "old"}};
  const auto path = source("old", "new text");
  for (const auto& [clash, result, old_name, new_name] : cases) {
    receiver({.clash = clash});
    write_file(target / "old", "old text");
    write_file(target / "old (1)", "older text");
    EXPECT_EQ(send(path).result, result);
    for (const auto& [name, text] : {std::pair(old_name, "old text"), std::pair(new_name, "new text")})
      EXPECT_TRUE(name.empty() || read_file(target / name) == text) << name;
    EXPECT_EQ(read_file(target / "old (1)"), "older text");
    EXPECT_TRUE(all_ended(ended.size()));
    EXPECT_EQ(ended.back().name, new_name);
  }
}

// The same offer again, with the digest that is known by then.
TEST_P(FileTransferTest, AFileThatArrivedBeforeTheLastWordWasLostIsNotSentAgain) {
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

TEST_P(FileTransferTest, NothingInTheFolderIsFollowed) {
  receiver({.clash = NameClash::overwrite});
  TempDir outside;
  write_file(outside / "secret", "secret");
  std::filesystem::create_symlink(outside / "secret", target / ".a.part");
  std::filesystem::create_symlink(outside / "new", target / ".b.part");
  std::filesystem::create_hard_link(outside / "secret", target / ".c.part");
  ASSERT_EQ(::mkfifo((target / ".d.part").c_str(), 0600), 0);
  std::filesystem::create_directory(target / ".e.part");
  for (const std::string name : {"a", "b", "c", "d", "e"}) {
    EXPECT_EQ(send(source(name, "text")).result, FileSender::Result::refused) << name;
    EXPECT_FALSE(std::filesystem::exists(target / name));
  }
  EXPECT_EQ(read_file(outside / "secret"), "secret");
  EXPECT_FALSE(std::filesystem::exists(outside / "new"));
  // A link of the final name is replaced, not followed.
  std::filesystem::create_symlink(outside / "secret", target / "f");
  EXPECT_EQ(send(source("f", "text")).result, FileSender::Result::verified);
  EXPECT_EQ(read_file(outside / "secret"), "secret");
  EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(target / "f")));
}

TEST_P(FileTransferTest, ALinkUnderTheNameIsAClashEvenIfItLeadsNowhere) {
  receiver();
  std::filesystem::create_symlink("/nowhere/at/all", target / "a");
  const auto outcome = send(source("a", "text"));
  EXPECT_EQ(outcome.result, FileSender::Result::refused);
  EXPECT_EQ(outcome.why, "a file of this name exists already");
}

TEST_P(FileTransferTest, NobodyIsSentToBeforeTheAnswerAndARefusalSaysWhy) {
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

TEST_P(FileTransferTest, WhoWasAllowedToSendOneFileMayNotSendAnotherUnderItsId) {
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

TEST_P(FileTransferTest, ASourceThatShrinksGrowsOrIsWrittenToIsToldToBoth) {
  auto& to = receiver({.tcp = {.connection = {.read_size = 16384}}});
  struct Case {
    std::string name;
    std::function<void(const std::string&)> change;
    std::string why;
  };
  const auto text = pattern(20'000'000);
  const Case cases[] = {{"shrinks", [](const std::string& path) { ASSERT_EQ(::truncate(path.c_str(), 5'000'000), 0); },
                         "shrunk from 20000000 to 5000000 bytes"},
                        {"grows", [](const std::string& path) { std::ofstream(path, std::ios::app) << "more"; },
                         "grown from 20000000 to 20000004 bytes"},
                        {"written",
                         [](const std::string& path) {
                           std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() + 1h);
                         },
                         "written to"}};
  for (const auto& [name, change, why] : cases) {
    const auto path = source(name, text);
    on_begin = [&, act = change](std::uint64_t) { act(path); };
    const auto outcome = send(path);
    EXPECT_EQ(outcome.result, FileSender::Result::changed) << name;
    EXPECT_THAT(outcome.why, HasSubstr(why));
    ASSERT_TRUE(all_ended(ended.size()));
    EXPECT_EQ(ended.back().result, FileReceiver::Result::withdrawn) << name << ": " << ended.back().why;
    EXPECT_THAT(ended.back().why, HasSubstr(why));
    EXPECT_FALSE(std::filesystem::exists(target / name));
  }
  EXPECT_EQ(to.transfers(), 0U);
}

TEST_P(FileTransferTest, ASenderThatStartsFirstWaitsForItsReceiver) {
  receiver();
  const auto path = source("a", "text");
  std::vector<FileSender::Outcome> outcomes;
  std::unique_ptr<FileReceiver> late;
  const auto nobody = [] {
    const auto socket = inet_socket(SOCK_STREAM);
    return bind_to_loopback(socket.get());
  }();
  FileSender one(loop, open_here, loopback, nobody, worker, SourceFile(path),
                 {.on_offer = {},
                  .on_begin = {},
                  .on_progress = {},
                  .on_retry = [&](std::string_view why, Duration) { retries.emplace_back(why); },
                  .on_end = [&](const auto& outcome) { outcomes.push_back(outcome); }},
                 {.retry = {.first = 1ms, .most = 5ms, .limit = 10s}});
  ASSERT_TRUE(until([&] { return retries.size() > 3; }));
  late = std::make_unique<FileReceiver>(loop, open_here, nobody, worker,
                                        std::make_shared<const TargetFolder>(target.path()), FileReceiver::Events{});
  ASSERT_TRUE(until([&] { return !outcomes.empty(); }));
  EXPECT_EQ(outcomes[0].result, FileSender::Result::verified);
}

TEST_P(FileTransferTest, ASenderWithoutAReceiverGivesUp) {
  receiver();
  const auto nobody = [] {
    const auto socket = inet_socket(SOCK_STREAM);
    return bind_to_loopback(socket.get());
  }();
  std::vector<FileSender::Outcome> outcomes;
  FileSender one(loop, open_here, loopback, nobody, worker, SourceFile(source("a", "text")),
                 {.on_offer = {},
                  .on_begin = {},
                  .on_progress = {},
                  .on_retry = {},
                  .on_end = [&](const auto& outcome) { outcomes.push_back(outcome); }},
                 {.retry = {.first = 1ms, .most = 5ms, .limit = 50ms}});
  ASSERT_TRUE(until([&] { return !outcomes.empty(); }));
  EXPECT_EQ(outcomes[0].result, FileSender::Result::no_answer);
  EXPECT_THAT(outcomes[0].why, HasSubstr("refused"));
  EXPECT_GT(one.attempts(), 3U);
}

TEST_P(FileTransferTest, AResetAtEveryPointEndsOneTransferAndNothingElse) {
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

TEST_P(FileTransferTest, WhoDoesNotKeepToTheProtocolIsToldSo) {
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

TEST_P(FileTransferTest, ADigestThatIsNotTheSendersLeavesNothingBehind) {
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

TEST_P(FileTransferTest, TwoOfOneNameAtOnceDoNotMix) {
  asks = true;
  auto& to = receiver();
  const auto one = sender(source("a", pattern(100)));
  const auto two = sender(sources / "a");
  ASSERT_TRUE(until([&] { return asked.size() == 2; }));
  on_begin = [&](std::uint64_t) { to.accept(two->offer().id); };
  to.accept(one->offer().id);
  ASSERT_TRUE(until([&] { return sent.size() == 2; }));
  EXPECT_EQ(std::ranges::count(sent, FileSender::Result::verified, &FileSender::Outcome::result), 1);
  EXPECT_TRUE(read_file(target / "a") == pattern(100));
}

TEST_P(FileTransferTest, WhoConnectsAndIsSilentIsCutOff) {
  auto& to = receiver({.offer_limit = 20ms, .silence_limit = 20ms, .progress_interval = 5ms});
  EXPECT_EQ(say("\x30", 1).end, ECONNRESET);
  const FileOffer offer{.name = "a", .size = 4, .mtime = 0, .digest = {}, .id = std::string(32, '6')};
  EXPECT_EQ(say(std::string(as_text(encode_offer(offer))), 10'000).end, ECONNRESET);
  EXPECT_TRUE(until([&] { return to.tcp().clients() == 0; }));
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].result, FileReceiver::Result::cut);
}

TEST_P(FileTransferTest, StoppingEndsWhatRunsAndKeepsWhatCame) {
  asks = true;
  auto& to = receiver();
  const auto one = sender(source("a", "text"), {.retry = {.limit = Duration::zero()}});
  ASSERT_TRUE(until([&] { return asked.size() == 1; }));
  bool stopped = false;
  to.stop([&] { stopped = true; });
  EXPECT_TRUE(until([&] { return stopped && !sent.empty(); }));
  EXPECT_EQ(sent[0].result, FileSender::Result::failed);
}

TEST_P(FileTransferTest, WhereTheStreamIsTornDoesNotMatter) {
  auto& to = receiver();
  const std::string text = "text";
  FileOffer offer{.name = "", .size = text.size(), .mtime = 0, .digest = {}, .id = ""};
  const auto rest = text + std::string(as_text(encode_done(sha256_of(as_bytes(text)))));
  for (std::size_t at = 0; at < rest.size(); at += at < 8 ? 1 : 13) {
    offer.name = "f" + std::to_string(at);
    offer.id = fmt::format("{:032x}", at);
    const auto first = std::string(as_text(encode_offer(offer)));
    const auto peer = plain_client(to.local());
    Reader reader;
    // The offer byte by byte, which is what a very slow network does.
    for (const char byte : first) ::send(peer.get(), &byte, 1, MSG_NOSIGNAL);
    const auto before = begun.size();
    ASSERT_TRUE(until([&] { return begun.size() > before; }));
    ::send(peer.get(), rest.data(), at, MSG_NOSIGNAL);
    ASSERT_TRUE(until([&] { return to.stats().bytes % text.size() == std::min(at, text.size()) % text.size(); }));
    loop.turn(1ms);
    ::send(peer.get(), rest.data() + at, rest.size() - at, MSG_NOSIGNAL);
    ASSERT_TRUE(until([&] {
      reader.read(peer.get());
      return reader.end.has_value();
    }));
    EXPECT_THAT(reader.text, HasSubstr("type:verified")) << at;
  }
}

TEST_P(FileTransferTest, AnOfferThatComesTooSlowlyIsCutOffThoughItMoves) {
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

TEST_P(FileTransferTest, AnOfferThatNobodyAnswersIsRefused) {
  asks = true;
  receiver({.answer_limit = 20ms, .progress_interval = 5ms});
  const auto outcome = send(source("a", "text"));
  EXPECT_EQ(outcome.result, FileSender::Result::refused);
  EXPECT_EQ(outcome.why, "nobody has answered");
}

// What lies there is no reason to give up, nor is a person who takes longer than the retries would.
TEST_P(FileTransferTest, AStalePartFileNeedsNoRetries) {
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

TEST_P(FileTransferTest, ASenderThatMissedTheLastWordHearsItAndNothingElseHappens) {
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

TEST_P(FileTransferTest, OfTheFilesThatDidNotComeNoEmptyPartIsLeft) {
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

TEST_P(FileTransferTest, StoppingFinishesWhatIsWhole) {
  auto& to = receiver();
  const auto text = pattern(5'000'000);
  const FileOffer offer{.name = "a", .size = text.size(), .mtime = 0, .digest = {}, .id = std::string(32, '7')};
  const auto whole = text + std::string(as_text(encode_done(sha256_of(as_bytes(text)))));
  auto peer = plain_client(to.local());
  const auto first = std::string(as_text(encode_offer(offer)));
  ::send(peer.get(), first.data(), first.size(), MSG_NOSIGNAL);
  ASSERT_TRUE(until([&] { return begun.size() == 1; }));
  std::size_t at = 0;
  bool stopping = false, stopped = false;
  Reader reader;
  EXPECT_TRUE(until([&] {
    const auto count =
        !peer ? 0 : ::send(peer.get(), whole.data() + at, whole.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    at += count > 0 ? static_cast<std::size_t>(count) : 0;
    if (to.stats().bytes == text.size() && at == whole.size() && !stopping) {
      while (loop.turn(Duration::zero()) && ended.empty()) {
      }
      stopping = true;
      to.stop([&] { stopped = true; });
    }
    if (peer) reader.read(peer.get());
    if (reader.end) peer.reset();
    return stopped;
  }));
  EXPECT_THAT(reader.text, ::testing::AnyOf(HasSubstr("type:verified"), HasSubstr("type:failed")));
  EXPECT_EQ(ended.size(), 1U);
}

// The worker is held up, so that everything else comes before the file has got its name.
TEST_P(FileTransferTest, BytesBehindTheLastWordAreNotHeardAndNobodyElseGetsAtTheFile) {
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

TEST_P(FileTransferTest, ConsentIsForOneFile) {
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

TEST_P(FileTransferTest, AReceiverThatAlwaysHasSomethingElseIsGivenUp) {
  receiver();
  std::unique_ptr<TcpServer> liar;
  TcpServer::Events events;
  events.on_data = [&](TcpServer::ClientId id, ByteView) {
    liar->send(id, encode_accept({.from = 2, .prefix = Sha256{7}}));
  };
  liar = std::make_unique<TcpServer>(loop, open_here, loopback, events);
  std::vector<FileSender::Outcome> outcomes;
  FileSender::Events told;
  told.on_end = [&](const auto& outcome) { outcomes.push_back(outcome); };
  FileSender one(loop, open_here, loopback, liar->local(), worker, SourceFile(source("a", "text")), told);
  ASSERT_TRUE(until([&] { return !outcomes.empty(); }));
  EXPECT_EQ(outcomes[0].result, FileSender::Result::failed);
  EXPECT_EQ(one.attempts(), 2U);
}

TEST_P(FileTransferTest, OnlyRegularFilesAreSources) {
  EXPECT_THROW(SourceFile(sources.path().string()), BadInput);
  EXPECT_THROW(SourceFile("/dev/zero"), BadInput);
  EXPECT_THROW(SourceFile(sources / "none"), std::system_error);
  EXPECT_THROW(TargetFolder(sources / "none"), std::system_error);
  EXPECT_THROW(TargetFolder("/dev/zero"), std::system_error);
}

INSTANTIATE_TEST_SUITE_P(All, FileTransferTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
