#include "scenarios/cli/json_line.hpp"

#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace wirelab::cli {
namespace {

constexpr char delete_character = '\x7f';
constexpr char first_of_c1 = '\xc2';  // of U+0080 to U+00BF, in UTF-8

bool is_c1(std::string_view text) {
  return text.size() > 1 && text[0] == first_of_c1 && static_cast<unsigned char>(text[1]) < 0xA0;
}

}  // namespace

// Such characters stand in strings only, so that they can be escaped where they stand.
std::string json_line(const nlohmann::json& object) {
  const auto text = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string line;
  line.reserve(text.size() + 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == delete_character) {
      line += "\\u007f";
    } else if (is_c1(std::string_view(text).substr(i))) {
      line += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++i]));
    } else {
      line += text[i];
    }
  }
  return line + '\n';
}

}  // namespace wirelab::cli
