// What arrives when all goes well, or the source or the receiver does not last.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/services/file_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::HasSubstr;

struct FileTransferTest : FileFixture {};

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

// Of a name that no field can hold, and of one that is there already.
TEST_P(FileTransferTest, TheNameThatAFileHasGotIsToldToBoth) {
  receiver({.clash = NameClash::rename});
  const auto path = source("a;b.txt", "text");
  for (const std::string name : {"a_b.txt", "a_b (1).txt", "a_b (2).txt"}) {
    const auto outcome = send(path);
    EXPECT_EQ(outcome.result, FileSender::Result::verified) << outcome.why;
    EXPECT_EQ(outcome.name, name);
    ASSERT_TRUE(all_ended(ended.size()));
    EXPECT_EQ(ended.back().name, name);
    EXPECT_EQ(read_file(target / name), "text");
  }
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
  const auto nobody = free_endpoint();
  const auto one = sender(source("a", "text"), {.retry = {.first = 1ms, .most = 5ms, .limit = 10s}}, nobody);
  ASSERT_TRUE(until([&] { return retries.size() > 3; }));
  receiver({}, nobody);
  ASSERT_TRUE(until([&] { return !sent.empty(); }));
  EXPECT_EQ(sent[0].result, FileSender::Result::verified);
}

TEST_P(FileTransferTest, ASenderWithoutAReceiverGivesUp) {
  const auto nobody = free_endpoint();
  const auto one = sender(source("a", "text"), {.retry = {.first = 1ms, .most = 5ms, .limit = 50ms}}, nobody);
  ASSERT_TRUE(until([&] { return !sent.empty(); }));
  EXPECT_EQ(sent[0].result, FileSender::Result::no_answer);
  EXPECT_THAT(sent[0].why, HasSubstr("refused"));
  EXPECT_GT(one->attempts(), 3U);
}

// A listener whose queue is full lets further SYNs go unanswered.
TEST_P(FileTransferTest, APortThatIsSilentIsWaitedForNoLongerThanTheRetries) {
  const auto listener = inet_socket(SOCK_STREAM);
  const auto silent = bind_to_loopback(listener.get());
  ::listen(listener.get(), 0);
  const auto first = plain_client(silent);
  const auto second = plain_client(silent);
  const auto one =
      sender(source("a", "text"), {.retry = {.limit = 50ms}, .connection = {.connect_limit = 24h}}, silent);
  ASSERT_TRUE(until([&] { return !sent.empty(); }));
  EXPECT_EQ(sent[0].result, FileSender::Result::no_answer);
  EXPECT_EQ(sent[0].why, "no answer to connect");
}

TEST_P(FileTransferTest, TheLastPauseIsCutToTheEndOfTheWait) {
  const auto nobody = free_endpoint();
  const auto one = sender(source("a", "text"), {.retry = {.first = 24h, .most = 24h, .limit = 20ms}}, nobody);
  ASSERT_TRUE(until([&] { return !sent.empty(); }));
  EXPECT_EQ(one->attempts(), 2U);
  EXPECT_EQ(retries.size(), 1U);
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

// Its complaint is on the way to a receiver that does not read.
TEST_P(FileTransferTest, WhatComesWhileASenderWithdrawsChangesNoVerdict) {
  const auto listener = inet_socket(SOCK_STREAM);
  const auto endpoint = bind_to_loopback(listener.get());
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  const auto path = source("a", "text");
  on_begin = [&](std::uint64_t) { ASSERT_EQ(::truncate(path.c_str(), 1), 0); };
  const auto one = sender(path, {.retry = quick}, endpoint);
  const UniqueFd stream(::accept(listener.get(), nullptr, nullptr));
  say_all(stream, as_text(encode_accept({})));
  say_all(stream, "\xff\xff no frame");
  say_all(stream, "\xff\xff nor this");
  EXPECT_TRUE(sent.empty()) << sent[0].why;
  UniqueFd complaint(::accept(listener.get(), nullptr, nullptr));
  complaint.reset();
  ASSERT_TRUE(until([&] { return !sent.empty(); }));
  EXPECT_EQ(sent[0].result, FileSender::Result::changed) << sent[0].why;
}

// The receiver hangs up first, so it is its side that waits (TIME-WAIT).
TEST_P(FileTransferTest, AReceiverIsBackAtOnceAtThePortThatItHad) {
  const auto port = receiver().local();
  for (const std::string name : {"a", "b"}) {
    EXPECT_EQ(send(source(name, "text")).result, FileSender::Result::verified);
    ASSERT_TRUE(all_ended(ended.size()));
    stop_receiver();
    ASSERT_NO_THROW(receiver({}, port));
  }
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
