// quantity: numbers as a person reads them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lab/base/clock.hpp"

namespace wirelab::cli {

// "1 file", "2 files".
std::string counted(std::uint64_t count, std::string_view thing);
// "12.3 MB": powers of 1000, three digits.
std::string size_text(double bytes);
std::string size_text(std::uint64_t bytes);
// "0:07", "1:02:03": minutes and seconds, rounded up.
std::string time_text(Duration time);
// "100 ms", "6.4 s": a pause before the next attempt.
std::string pause_text(Duration pause);

}  // namespace wirelab::cli
