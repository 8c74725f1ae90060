// What a file may be called that comes from outside, and what it is called while it is not whole. Public, pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wirelab {

inline constexpr std::size_t longest_file_name = 255;  // in bytes, as Linux has it (NAME_MAX)

// Why a file from outside may not be called so; nothing if it may. A name is one component of a path, not "." or "..",
// UTF-8 without anything that would steer a terminal (C0, DEL, C1, and what reverses the direction of text), and not
// hidden: ".profile" would be read by a shell, and part files are hidden, too.
std::optional<std::string_view> file_name_fault(std::string_view name);

// Where a file is kept until it is whole: ".NAME.part", or, if that were too long, the beginning of the name and a hash
// of it. `name` is without fault, and what this gives never is.
std::string part_name(std::string_view name);

// "report (2).pdf" for "report.pdf" and 2; shortened if it were too long. `number` is above 0.
std::string numbered_name(std::string_view name, unsigned number);

}  // namespace wirelab
