#include "lab/services/file_name.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lab/base/bytes.hpp"

namespace wirelab {
namespace {

constexpr std::string_view part_suffix = ".part";

// C0 and DEL.
bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F; }

// The same in two bytes and more: C1 (U+0080 to U+009F), line and paragraph separators, and the marks that turn the
// direction of text (U+202A to U+202E, U+2066 to U+2069), with which "exe.gpj" reads "jpg.exe".
bool has_wide_control(std::string_view name) {
  const auto byte = [&](std::size_t i) { return i < name.size() ? static_cast<unsigned char>(name[i]) : 0U; };
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (byte(i) == 0xC2 && byte(i + 1) <= 0x9F) return true;
    if (byte(i) != 0xE2) continue;
    const auto last = byte(i + 2);
    if (byte(i + 1) == 0x80 && last >= 0xA8 && last <= 0xAE) return true;
    if (byte(i + 1) == 0x81 && last >= 0xA6 && last <= 0xA9) return true;
  }
  return false;
}

// The longest beginning of `name` that is at most `size` bytes and ends with a whole character.
std::string_view cut(std::string_view name, std::size_t size) {
  return name.substr(0, utf8_prefix(name.substr(0, size)));
}

// FNV-1a: names that share their beginning get part files of their own.
std::uint64_t hash_of(std::string_view name) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

}  // namespace

std::optional<std::string_view> file_name_fault(std::string_view name) {
  if (name.empty()) return "the name is empty";
  if (name.size() > longest_file_name) return "the name is longer than 255 bytes";
  if (name == "." || name == "..") return "the name is that of a folder";
  if (name.find('/') != name.npos) return "the name has a '/': only a base name is taken";
  if (std::ranges::any_of(name, is_control)) return "the name has control characters";
  if (!is_utf8(name)) return "the name is not UTF-8";
  if (has_wide_control(name)) return "the name has control characters";
  if (name.starts_with('.')) return "the name begins with a dot: hidden files are not taken";
  return std::nullopt;
}

std::string part_name(std::string_view name) {
  auto part = fmt::format(".{}{}", name, part_suffix);
  if (part.size() <= longest_file_name) return part;
  const auto hash = fmt::format("-{:016x}", hash_of(name));
  return fmt::format(".{}{}{}", cut(name, longest_file_name - 1 - hash.size() - part_suffix.size()), hash, part_suffix);
}

std::string numbered_name(std::string_view name, unsigned number) {
  const auto mark = fmt::format(" ({})", number);
  const auto dot = name.rfind('.');
  const bool has_extension = dot != name.npos && dot > 0 && name.size() - dot <= 16;
  const auto extension = has_extension ? name.substr(dot) : std::string_view();
  const auto stem = name.substr(0, name.size() - extension.size());
  return fmt::format("{}{}{}", cut(stem, longest_file_name - mark.size() - extension.size()), mark, extension);
}

}  // namespace wirelab
