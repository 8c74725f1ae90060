#include "lab/services/file_name.hpp"

#include <gtest/gtest.h>

namespace wirelab {
namespace {

TEST(FileName, WhatAFileFromOutsideMayBeCalled) {
  struct Case {
    std::string name;
    bool good;
  };
  const std::string nul("a\0b", 3);
  const Case cases[] = {
      {"a", true},
      {"report 2026.pdf", true},
      {"größe.txt", true},
      {"日本.txt", true},
      {"...", false},
      {".hidden", false},
      {"a\\b", true},
      {"-rf", true},
      {"x.part", true},
      {".part.x", false},
      {std::string(255, 'x'), true},
      {std::string(256, 'x'), false},
      {"", false},
      {".", false},
      {"..", false},
      {"/", false},
      {"a/b", false},
      {"../a", false},
      {"/etc/passwd", false},
      {"a/", false},
      {nul, false},
      {"a\nb", false},
      {"\x1b[2J", false},
      {"a\x7f", false},
      {"\xC2\x9B"
       "2J",
       false},                          // CSI as one C1 character
      {"a\xE2\x80\xAEgpj.exe", false},  // right-to-left override
      {"a\xE2\x81\xA6", false},         // left-to-right isolate
      {"a\xE2\x80\xA8", false},         // line separator
      {"a\xE2\x80\x93z", true},         // a dash
      {"a\xFF", false},
      {"a\xC0\xAF", false},     // '/' in two bytes
      {"\xED\xA0\x80", false},  // a surrogate
      {".a.part", false},
      {".part", false},
  };
  for (const auto& [name, good] : cases)
    EXPECT_EQ(!file_name_fault(name), good)
        << ::testing::PrintToString(name) << ": " << file_name_fault(name).value_or("");
}

TEST(FileName, APartFileIsHiddenAndNeverANameThatIsTaken) {
  EXPECT_EQ(part_name("a.iso"), ".a.iso.part");
  for (const std::string& name :
       {std::string("a"), std::string(249, 'x'), std::string(250, 'x'), std::string(255, 'x')}) {
    EXPECT_LE(part_name(name).size(), longest_file_name);
    EXPECT_TRUE(file_name_fault(part_name(name))) << name;
  }
}

TEST(FileName, LongNamesThatShareTheirBeginningHavePartsOfTheirOwn) {
  const std::string one(255, 'x');
  auto other = one;
  other.back() = 'y';
  EXPECT_NE(part_name(one), part_name(other));
}

TEST(FileName, ANumberStandsBeforeTheExtensionAndTheNameStaysShortEnough) {
  EXPECT_EQ(numbered_name("report.pdf", 2), "report (2).pdf");
  EXPECT_EQ(numbered_name("report", 1), "report (1)");
  EXPECT_EQ(numbered_name("a.tar.gz", 10), "a.tar (10).gz");
  EXPECT_EQ(numbered_name(std::string(251, 'x') + ".txt", 1), std::string(247, 'x') + " (1).txt");
  std::string accents;
  while (accents.size() < 254) accents += "é";
  EXPECT_FALSE(file_name_fault(numbered_name(accents, 1))) << "no character is cut in two";
}

}  // namespace
}  // namespace wirelab
