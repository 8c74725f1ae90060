// The folder into which files come: names that are taken, links, and a disk that does not take everything.
#include <csignal>
#include <future>

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/services/file_fixture.hpp"

namespace wirelab::testing {
namespace {

using ::testing::HasSubstr;

struct FileFolderTest : FileFixture {};

// While it exists, no file of this process grows beyond `bytes`.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    signal_ = std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*signal_)(int);
};

TEST_P(FileFolderTest, WhatIsThereAlreadyStaysAsTheOptionSays) {
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

TEST_P(FileFolderTest, NothingInTheFolderIsFollowed) {
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

TEST_P(FileFolderTest, ALinkUnderTheNameIsAClashEvenIfItLeadsNowhere) {
  receiver();
  std::filesystem::create_symlink("/nowhere/at/all", target / "a");
  const auto outcome = send(source("a", "text"));
  EXPECT_EQ(outcome.result, FileSender::Result::refused);
  EXPECT_EQ(outcome.why, "a file of this name exists already");
}

TEST_P(FileFolderTest, TwoOfOneNameAtOnceDoNotMix) {
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

TEST_P(FileFolderTest, TwoReceiversInOneFolderDoNotMix) {
  asks = true;
  const FileReceiver::Options rename{.clash = NameClash::rename};
  auto& to = receiver(rename);
  const auto text = pattern(300'000);
  const auto first = sender(source("a", text));
  ASSERT_TRUE(until([&] { return asked.size() == 1; }));
  FileReceiver other(loop, open_here, loopback, worker, std::make_shared<const TargetFolder>(target.path()), {},
                     rename);
  // The worker is held up, so that the first keeps its part file until the second was turned away.
  std::promise<void> go_on;
  worker.run([&] { go_on.get_future().wait(); }, [] {});
  to.accept(first->offer().id);
  ASSERT_TRUE(until([&] { return begun.size() == 1; }));
  const auto second = sender(source("other/a", "other text"), {.retry = quick}, other.local());
  EXPECT_TRUE(until([&] { return !retries.empty(); }));
  go_on.set_value();
  ASSERT_TRUE(until([&] { return sent.size() == 2; }));
  EXPECT_THAT(retries.at(0), HasSubstr("just being received"));
  std::vector<std::string> names;
  for (const auto& outcome : sent) {
    EXPECT_EQ(outcome.result, FileSender::Result::verified) << outcome.why;
    names.push_back(outcome.name);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("a", "a (1)"));
  EXPECT_TRUE(read_file(target / "a") == text);
  EXPECT_EQ(read_file(target / "a (1)"), "other text");
}

TEST_P(FileFolderTest, AFolderThatIsRemovedIsToldAndTheNextFileIsRefused) {
  receiver();
  on_begin = [&](std::uint64_t) { std::filesystem::remove_all(target.path()); };
  const auto outcome = send(source("a", pattern(300'000)));
  EXPECT_EQ(outcome.result, FileSender::Result::failed);
  EXPECT_EQ(outcome.why, "the part file was changed by somebody else");
  ASSERT_TRUE(all_ended(1));
  EXPECT_EQ(ended[0].result, FileReceiver::Result::failed);
  const auto next = send(source("b", "text"));
  EXPECT_EQ(next.result, FileSender::Result::refused);
  EXPECT_THAT(next.why, HasSubstr("the folder takes no files"));
  EXPECT_FALSE(std::filesystem::exists(target.path()));
}

// What was reserved may be no promise. Here the limit of the process plays the disk that is full too early.
TEST_P(FileFolderTest, AFileSystemThatFillsInTheMiddleIsToldAndTheFileGoesOnLater) {
  receiver();
  const auto text = pattern(300'000);
  const auto path = source("a", text);
  {
    std::optional<FileSizeLimit> limit;
    on_begin = [&](std::uint64_t) { limit.emplace(100'000); };
    const auto outcome = send(path);
    EXPECT_EQ(outcome.result, FileSender::Result::failed);
    EXPECT_EQ(outcome.why, "File too large");
    ASSERT_TRUE(all_ended(1));
  }
  EXPECT_EQ(ended[0].result, FileReceiver::Result::failed);
  EXPECT_EQ(ended[0].bytes, 100'000U) << "what fits is kept";
  EXPECT_FALSE(std::filesystem::exists(target / "a"));
  on_begin = {};
  EXPECT_EQ(send(path).result, FileSender::Result::verified);
  EXPECT_THAT(begun, ::testing::ElementsAre(0U, 100'000U));
  EXPECT_TRUE(read_file(target / "a") == text);
}

INSTANTIATE_TEST_SUITE_P(All, FileFolderTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
