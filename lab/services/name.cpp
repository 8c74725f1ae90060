#include "lab/services/name.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "lab/base/bytes.hpp"
#include "lab/base/text.hpp"

namespace wirelab {
namespace {

// The code point of a well-formed UTF-8 sequence.
char32_t code_point(std::string_view glyph) {
  const auto first = static_cast<std::uint8_t>(glyph[0]);
  if (glyph.size() == 1) return first;
  char32_t code = first & (0x7FU >> glyph.size());
  for (const auto byte : glyph.substr(1)) code = code << 6 | (static_cast<std::uint8_t>(byte) & 0x3FU);
  return code;
}

// Controls, blanks but the common one, and what formats without being seen (Unicode categories Cc, Cf, Zs, Zl, Zp).
bool is_unseen(char32_t code) {
  constexpr std::array<std::pair<char32_t, char32_t>, 16> ranges{{{0x00, 0x1F},
                                                                  {0x7F, 0xA0},
                                                                  {0xAD, 0xAD},
                                                                  {0x600, 0x605},
                                                                  {0x61C, 0x61C},
                                                                  {0x1680, 0x1680},
                                                                  {0x180E, 0x180E},
                                                                  {0x2000, 0x200F},
                                                                  {0x2028, 0x202F},
                                                                  {0x205F, 0x206F},
                                                                  {0x2800, 0x2800},
                                                                  {0x3000, 0x3000},
                                                                  {0x3164, 0x3164},
                                                                  {0xFEFF, 0xFEFF},
                                                                  {0xFFF9, 0xFFFB},
                                                                  {0xE0000, 0xE0FFF}}};
  return std::ranges::any_of(ranges, [&](const auto& range) { return code >= range.first && code <= range.second; });
}

}  // namespace

std::optional<std::string_view> name_fault(std::string_view name) {
  if (name.empty() || name.size() > most_name_bytes) return "a name is 1 to 64 bytes long";
  if (!is_utf8(name)) return "a name is UTF-8";
  if (name.front() == ' ' || name.back() == ' ') return "a name neither begins nor ends with a blank";
  for (auto rest = name; !rest.empty(); rest.remove_prefix(first_glyph(rest).size())) {
    if (rest.front() == ';') return "a name holds no ';'";
    if (is_unseen(code_point(first_glyph(rest)))) return "a name holds no control characters and nothing invisible";
  }
  return std::nullopt;
}

std::string quoted(std::string_view text) {
  return printable(text.substr(0, most_name_bytes)) + (text.size() > most_name_bytes ? "..." : "");
}

std::string name_key(std::string_view name) {
  std::string key(name);
  for (auto& c : key) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return key;
}

}  // namespace wirelab
