#include "lab/base/bytes.hpp"

#include <cstring>

#include <fmt/format.h>

namespace wirelab {
namespace {

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

// The length of the well-formed UTF-8 sequence at the start of `text`, or 0 (RFC 3629, section 4, as a table of
// ranges).
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0; };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const auto within = [&](int low, int high) { return byte(1) >= low && byte(1) <= high; };
  const int lead = byte(0);
  if (text.empty()) return 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool second = lead == 0xE0 ? within(0xA0, 0xBF) : lead == 0xED ? within(0x80, 0x9F) : tail(1);
    return second && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool second = lead == 0xF0 ? within(0x90, 0xBF) : lead == 0xF4 ? within(0x80, 0x8F) : tail(1);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string to_hex(ByteView bytes, std::string_view separator) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * (2 + separator.size()));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) text += separator;
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == ':' || text[i] == '\n') {
      ++i;
      continue;
    }
    if (i + 1 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i]);
    const auto low = hex_digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(*high << 4 | *low));
    i += 2;
  }
  return bytes;
}

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const auto length = utf8_sequence(text);
    const auto byte = static_cast<std::uint8_t>(text[0]);
    // U+0080 to U+009F are control characters too; a terminal may obey them.
    const bool c1_control = length == 2 && byte == 0xC2 && static_cast<std::uint8_t>(text[1]) < 0xA0;
    if (byte == '\\') {
      shown += "\\\\";
    } else if (length == 0 || byte < 0x20 || byte == 0x7F) {
      shown += fmt::format("\\x{:02x}", byte);
    } else if (c1_control) {
      shown += fmt::format("\\x{:02x}\\x{:02x}", byte, static_cast<std::uint8_t>(text[1]));
    } else {
      shown += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return shown;
}

std::size_t utf8_prefix(std::string_view text) {
  constexpr std::uint64_t not_ascii = 0x8080808080808080;
  std::size_t good = 0;
  while (good < text.size()) {
    std::size_t length = 8;  // ASCII goes by eight bytes
    const auto* at = as_bytes(text).data() + good;
    if (text.size() - good < length || (load_le64(at) & not_ascii) != 0)
      length = *at < 0x80 ? 1 : utf8_sequence(text.substr(good));
    if (length == 0) break;
    good += length;
  }
  return good;
}

bool is_utf8(std::string_view text) { return utf8_prefix(text) == text.size(); }

}  // namespace wirelab
