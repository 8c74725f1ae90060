// json_line: one object as one line of standard output, safe to show.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace wirelab::cli {

// JSON on one line, with its end. Names of files and peers may be any bytes: what is no UTF-8 is replaced, so that the
// line stays valid, and the control characters that JSON lets pass as they are (DEL, U+0080 to U+009F) are escaped,
// since a terminal may obey them.
std::string json_line(const nlohmann::json& object);

}  // namespace wirelab::cli
