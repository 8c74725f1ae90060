#include "scenarios/cli/table_text.hpp"

#include <gtest/gtest.h>

namespace wirelab::cli {
namespace {

const scenarios::Table calls{.title = "not drawn",
                             .columns = {"call", "what the caller got"},
                             .rows = {{"recv", "EAGAIN at once"}, {"send", "65536 bytes, then EAGAIN"}}};

TEST(TableText, columns_are_as_wide_as_their_widest_cell) {
  EXPECT_EQ(draw_table(calls, 80, false),
            "  call  what the caller got\n"
            "  ----  ------------------------\n"
            "  recv  EAGAIN at once\n"
            "  send  65536 bytes, then EAGAIN\n");
}

TEST(TableText, the_widest_column_is_broken_first) {
  EXPECT_EQ(draw_table(calls, 24, false),
            "  call  what the caller\n"
            "        got\n"
            "  ----  ----------------\n"
            "  recv  EAGAIN at once\n"
            "\n"
            "  send  65536 bytes,\n"
            "        then EAGAIN\n");
}

TEST(TableText, is_counted_in_characters_not_in_bytes) {
  const scenarios::Table table{.title = "", .columns = {"µs", "n"}, .rows = {{"1–2", "7"}}};
  EXPECT_EQ(draw_table(table, 80, true), "  µs   n\n  ───  ─\n  1–2  7\n");
}

TEST(TableText, no_terminal_is_too_narrow) {
  const auto text = draw_table(calls, 1, false);
  EXPECT_NE(text.find("EAGAIN"), std::string::npos);
  EXPECT_NE(text.find("send"), std::string::npos);
}

}  // namespace
}  // namespace wirelab::cli
