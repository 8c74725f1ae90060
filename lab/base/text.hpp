// Text as a terminal shows it: in cells, one a character of UTF-8. Public, pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace wirelab {

// The bytes of the first character of `text`, which is not empty. A byte that continues nothing counts as a character.
std::string_view first_glyph(std::string_view text);
// How many cells `text` takes: one a character.
std::size_t cells_of(std::string_view text);
// `text` broken at blanks into lines of at most `width` cells; a longer word is broken anywhere. At least one line.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

}  // namespace wirelab
