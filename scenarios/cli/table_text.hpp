// table_text: a table as lines for a terminal. Public, pure.
#pragma once

#include <cstddef>
#include <string>

#include "scenarios/stage.hpp"

namespace wirelab::cli {

// Lines that end with a newline each: the names of the columns, a rule, the rows; not the title. Cells are broken at
// blanks where the table would be wider than `width` characters, the widest columns first; a terminal too narrow even
// for that gets long lines. `unicode`: the rule is drawn, else made of hyphens.
std::string draw_table(const scenarios::Table& table, std::size_t width, bool unicode);

}  // namespace wirelab::cli
