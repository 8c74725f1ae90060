#include "lab/base/text.hpp"

#include <gtest/gtest.h>

namespace wirelab {
namespace {

TEST(Cells, one_a_character) {
  struct Fact {
    std::string_view text;
    std::size_t cells;
  };
  const Fact facts[] = {
      {"", 0}, {"four", 4}, {"gr\xC3\xBC\xC3\x9F", 4}, {"\xE2\x86\x92", 1}, {"\xF0\x9F\x98\x80!", 2}, {"\xFF\xFE", 2},
  };
  for (const auto& [text, cells] : facts) EXPECT_EQ(cells_of(text), cells) << text;
}

TEST(Wrap, breaks_at_blanks_and_keeps_all) {
  struct Fact {
    std::string_view text;
    std::size_t width;
    std::vector<std::string> lines;
  };
  const Fact facts[] = {
      {"", 5, {""}},
      {"short", 5, {"short"}},
      {"one two three", 7, {"one two", "three"}},
      {"one two three", 8, {"one two", "three"}},
      {"incomprehensible", 6, {"incomp", "rehens", "ible"}},
      {"gr\u00FC\u00DFe an alle", 5, {"gr\u00FC\u00DFe", "an", "alle"}},
      {"\u2192\u2192\u2192", 2, {"\u2192\u2192", "\u2192"}},
      {"ab", 0, {"a", "b"}},
  };
  for (const auto& [text, width, lines] : facts) EXPECT_EQ(wrap(text, width), lines) << text << " in " << width;
}

}  // namespace
}  // namespace wirelab
