#include "capture/output_file.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lab/base/error.hpp"
#include "tests/support/temp_dir.hpp"

namespace wirelab::capture {
namespace {

using testing::HasSubstr;

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string refusal(const std::string& path) {
  try {
    const OutputFile file(path);
    return "none";
  } catch (const BadInput& error) {
    return error.what();
  }
}

uid_t owner(const std::string& path) {
  struct stat status {};
  check_errno(::stat(path.c_str(), &status), "stat " + path);
  return status.st_uid;
}

TEST(OutputFile, an_existing_file_is_overwritten) {
  const TempDir folder;
  const auto path = folder / "trace.pcapng";
  std::ofstream(path) << "something longer than what follows";
  OutputFile file(path);
  file.write(as_bytes("one "));
  file.write(as_bytes("two"));
  EXPECT_EQ(content(path), "one two");
  EXPECT_EQ(file.size(), 7U);
}

TEST(OutputFile, what_is_no_regular_file_is_refused) {
  const TempDir folder;
  const auto pipe = folder / "pipe";
  check_errno(::mkfifo(pipe.c_str(), 0600), "make a pipe");
  EXPECT_THAT(refusal(folder.path()), HasSubstr("it is a folder"));
  EXPECT_THAT(refusal(pipe), HasSubstr("it is a pipe"));
  EXPECT_THAT(refusal("/dev/full"), HasSubstr("it is a device"));
  EXPECT_THAT(refusal(folder / "no/such.pcapng"), HasSubstr("folder does not exist"));
  std::ofstream(folder / "file") << "x";
  EXPECT_THAT(refusal(folder / "file/x.pcapng"), HasSubstr("no folder"));
}

TEST(OutputFile, a_full_disk_is_told_with_file_and_place) {
  OutputFile file(UniqueFd(check_errno(::open("/dev/full", O_WRONLY | O_CLOEXEC), "open /dev/full")), "trace.pcapng");
  try {
    file.write(as_bytes("x"));
    ADD_FAILURE() << "written";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOSPC);
    EXPECT_THAT(error.what(), HasSubstr("write trace.pcapng at byte 0"));
  }
}

// A limit on the size of files stands in for the disk that is full in the middle of a block.
TEST(OutputFile, ends_with_the_last_whole_write) {
  const TempDir folder;
  const auto path = folder / "trace.pcapng";
  OutputFile file(path);
  file.write(as_bytes("whole"));
  rlimit before{};
  check_errno(::getrlimit(RLIMIT_FSIZE, &before), "read the limit");
  const rlimit tight{.rlim_cur = 8, .rlim_max = before.rlim_max};
  std::signal(SIGXFSZ, SIG_IGN);
  check_errno(::setrlimit(RLIMIT_FSIZE, &tight), "set the limit");
  EXPECT_THROW(file.write(as_bytes("half of this")), std::system_error);
  check_errno(::setrlimit(RLIMIT_FSIZE, &before), "restore the limit");
  EXPECT_EQ(content(path), "whole");
  EXPECT_EQ(file.size(), 5U);
}

class UnderSudo : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    ::setenv("SUDO_UID", "12345", 1);
    ::setenv("SUDO_GID", "12345", 1);
  }
  void TearDown() override {
    ::unsetenv("SUDO_UID");
    ::unsetenv("SUDO_GID");
  }
};

TEST_F(UnderSudo, new_files_belong_to_the_invoker) {
  const TempDir folder;
  std::ofstream(folder / "old") << "x";
  const OutputFile file(folder / "new");
  const OutputFile old(folder / "old");
  create_folder(folder / "sub");
  EXPECT_EQ(owner(folder / "new"), 12345U);
  EXPECT_EQ(owner(folder / "sub"), 12345U);
  EXPECT_EQ(owner(folder / "old"), 0U) << "what existed keeps its owner";
}

TEST_F(UnderSudo, a_temporary_folder_is_the_invokers_alone) {
  const TempDir folder;
  ::setenv("TMPDIR", folder.path().c_str(), 1);
  const auto made = create_temporary_folder();
  ::unsetenv("TMPDIR");
  EXPECT_EQ(owner(made), 12345U);
  EXPECT_EQ(std::filesystem::status(made).permissions(), std::filesystem::perms::owner_all);
}

TEST(CreateFolder, takes_one_that_exists_and_nothing_else) {
  const TempDir folder;
  create_folder(folder / "sub");
  create_folder(folder / "sub");
  EXPECT_TRUE(std::filesystem::is_directory(folder / "sub"));
  std::ofstream(folder / "file") << "x";
  EXPECT_THROW(create_folder(folder / "file"), BadInput);
  EXPECT_THROW(create_folder(folder / "no/such"), BadInput);
}

}  // namespace
}  // namespace wirelab::capture
