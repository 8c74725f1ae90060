// suggest: the known word that a mistyped one was meant to be. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wirelab::cli {

// The candidate with the smallest edit distance (insert, delete, replace, swap of neighbours each cost 1), if that is
// at most a third of the word's length, and at least 1 is allowed.
std::optional<std::string> suggest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace wirelab::cli
