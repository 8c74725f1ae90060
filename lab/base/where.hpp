// Where: the line of the source that called. Public.
//
// std::source_location is missing from clang 14's use of libstdc++, so the builtins serve as default arguments.
#pragma once

namespace wirelab {

struct Where {
  const char* file = "";
  int line = 0;

  static constexpr Where here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
};

}  // namespace wirelab
