#include "scenarios/cli/typed_line.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wirelab::cli {
namespace {

using testing::ElementsAreArray;

struct Fact {
  std::string keys;
  std::vector<std::string> lines;  // complete
  std::string text;                // of the one being typed
};

TEST(LineEditor, takes_each_key_for_what_it_is) {
  const Fact facts[] = {
      {"hello\n", {"hello"}, ""},     {"two\nlines\nand more", {"two", "lines"}, "and more"},
      {"gr\xc3\xb6\x7fo", {}, "gro"}, {"one two\x17", {}, "one "},
      {"gone\x15here", {}, "here"},   {"\x04", {"exit"}, ""},
      {"not\x04yet", {}, "notyet"},   {"arrow\x1b[A\x1b[1;5D\x1bOP\n", {"arrow"}, ""},
  };
  for (const auto& fact : facts) {
    LineEditor editor;
    std::vector<std::string> lines;
    for (const char key : fact.keys) {
      if (editor.key(key)) lines.push_back(editor.take());
    }
    EXPECT_THAT(lines, ElementsAreArray(fact.lines)) << fact.keys;
    EXPECT_EQ(editor.text(), fact.text) << fact.keys;
  }
}

TEST(LineEditor, a_lone_escape_takes_no_enter_with_it) {
  for (const std::string before : {"hello\x1b", "hello\x1b\x1b", "hello\x1b[", "hello\x1b[1;\x1b"}) {
    LineEditor editor;
    for (const char key : before) EXPECT_FALSE(editor.key(key));
    EXPECT_TRUE(editor.key('\n')) << before;
    EXPECT_EQ(editor.take(), "hello");
  }
  LineEditor editor;
  EXPECT_FALSE(editor.key('\x1b'));
  EXPECT_TRUE(editor.key('\x04'));
  EXPECT_EQ(editor.take(), "exit");
}

}  // namespace
}  // namespace wirelab::cli
