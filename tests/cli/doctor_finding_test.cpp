// The parts of doctor that can be told without a machine of a certain kind.
#include <csignal>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "lab/base/error.hpp"
#include "scenarios/cli/doctor.hpp"
#include "scenarios/cli/doctor_machine.hpp"

namespace wirelab::cli {
namespace {

class DoctorTest : public testing::Test {
 protected:
  std::vector<Finding> findings;
  Report keep = [this](Finding finding) { findings.push_back(std::move(finding)); };
};

TEST_F(DoctorTest, WhatIsTriedIsYesWithWhatWasSeenOrNoWithWhy) {
  const Finding about{.section = "s", .what = "w", .todo = "or do that"};
  try_out(keep, about, [] { return std::string("seen"); });
  try_out(keep, about, []() -> std::string { throw Missing("it is not there"); });
  try_out(keep, about, []() -> std::string { throw Denied("it is refused\ndo this"); });
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_TRUE(findings[0].ok);
  EXPECT_EQ(findings[0].why, "seen");
  EXPECT_EQ(findings[0].todo, "");
  EXPECT_FALSE(findings[1].ok);
  EXPECT_EQ(findings[1].why, "it is not there");
  EXPECT_EQ(findings[1].todo, "or do that");
  EXPECT_EQ(findings[2].why, "it is refused");
  EXPECT_EQ(findings[2].todo, "do this; or do that");
}

TEST_F(DoctorTest, AChildHandsOnWhatItFinds) {
  const auto parent = ::getpid();
  in_child(keep, "s", [&](const Report& report) {
    report({.section = "s", .what = "another process", .ok = ::getpid() != parent, .why = "line\n\"two\" \xFF"});
    report({.section = "s", .what = "last", .otherwise = ExitCode::denied});
  });
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_TRUE(findings[0].ok);
  EXPECT_EQ(findings[0].why, "line\n\"two\" \uFFFD");
  EXPECT_EQ(findings[1].otherwise, ExitCode::denied);
}

TEST_F(DoctorTest, AChildThatDiesKeepsWhatItFoundBefore) {
  in_child(keep, "s", [](const Report& report) {
    report({.section = "s", .what = "before", .ok = true});
    ::kill(::getpid(), SIGKILL);
  });
  in_child(keep, "s", [](const Report&) { throw std::runtime_error("no more"); });
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].what, "before");
  EXPECT_EQ(findings[1].why, "ended by signal 9");
  EXPECT_EQ(findings[2].why, "ended early");
  EXPECT_EQ(verdict(findings), ExitCode::missing);
}

TEST_F(DoctorTest, OnlyWhatIsNeededFailsTheExamination) {
  findings = {{.what = "a", .ok = true, .otherwise = ExitCode::denied}, {.what = "b"}};
  EXPECT_EQ(verdict(findings), ExitCode::ok);
  findings.push_back({.what = "c", .otherwise = ExitCode::denied});
  findings.push_back({.what = "d", .otherwise = ExitCode::missing});
  EXPECT_EQ(verdict(findings), ExitCode::denied);
}

TEST_F(DoctorTest, AsJson) {
  const auto json = to_json({.section = "s", .what = "w", .ok = false, .why = "y", .todo = "t"});
  EXPECT_EQ(json.dump(),
            R"({"needed":false,"ok":false,"section":"s","todo":"t","type":"finding","what":"w","why":"y"})");
}

TEST_F(DoctorTest, SocketsThatTakeInEveryPacket) {
  constexpr auto text =
      "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"
      "0000000000000000 3      3    0003   2     1 0      0      4711\n"
      "0000000000000000 3      2    0800   0     1 0      0      4712\n"
      "0000000000000000 3      3    0003   0     1 0      0      4713\n"
      "torn line\n";
  EXPECT_EQ(sockets_for_all_packets(text), (std::vector<unsigned long>{4711, 4713}));
  EXPECT_TRUE(sockets_for_all_packets("").empty());
}

TEST_F(DoctorTest, VersionsOfTools) {
  const struct {
    std::string_view text, version;
  } facts[] = {
      {"TShark (Wireshark) 4.0.17 (Git v4.0.17 packaged as 4.0.17-0+deb12u1)\n", "4.0.17"},
      {"tcpdump version 4.99.3\nlibpcap version 1.10.3\n", "4.99.3"},
      {"TShark 3 of 4.2.\n", "4.2"},
      {"sh: 1: tcpdump: not found\n", ""},
      {"", ""},
  };
  for (const auto& fact : facts) EXPECT_EQ(version_in(fact.text), fact.version);
}

}  // namespace
}  // namespace wirelab::cli
