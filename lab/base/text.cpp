#include "lab/base/text.hpp"

#include <algorithm>
#include <cstdint>

namespace wirelab {
namespace {

bool continues(char byte) { return (static_cast<std::uint8_t>(byte) & 0xC0) == 0x80; }

// The bytes of as many characters as fit into `width`.
std::size_t fitting(std::string_view text, std::size_t width) {
  std::size_t size = 0;
  for (; width > 0 && size < text.size(); --width) size += first_glyph(text.substr(size)).size();
  return size;
}

}  // namespace

std::string_view first_glyph(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && size < 4 && continues(text[size])) ++size;
  return text.substr(0, size);
}

std::size_t cells_of(std::string_view text) {
  std::size_t cells = 0;
  for (; !text.empty(); ++cells) text.remove_prefix(first_glyph(text).size());
  return cells;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  width = std::max<std::size_t>(width, 1);
  while (cells_of(text) > width) {
    const auto most = fitting(text, width);
    const auto blank = text.rfind(' ', most);
    const bool has_blank = blank != std::string_view::npos && blank != 0;
    lines.emplace_back(text.substr(0, has_blank ? blank : most));
    text.remove_prefix(has_blank ? blank + 1 : most);
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace wirelab
