// Bytes as they lie on the wire: views, buffers, numbers in network byte order. Public, pure.
//
// A ByteView owns nothing; Bytes owns its memory. load_* and store_* do not check the size: the caller has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wirelab {

using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint16_t load_be16(const std::uint8_t* p) { return static_cast<std::uint16_t>(p[0] << 8 | p[1]); }
constexpr std::uint32_t load_be32(const std::uint8_t* p) {
  return std::uint32_t{load_be16(p)} << 16 | load_be16(p + 2);
}
constexpr std::uint64_t load_be64(const std::uint8_t* p) {
  return std::uint64_t{load_be32(p)} << 32 | load_be32(p + 4);
}
constexpr std::uint16_t load_le16(const std::uint8_t* p) { return static_cast<std::uint16_t>(p[1] << 8 | p[0]); }
constexpr std::uint32_t load_le32(const std::uint8_t* p) {
  return std::uint32_t{load_le16(p + 2)} << 16 | load_le16(p);
}
constexpr std::uint64_t load_le64(const std::uint8_t* p) {
  return std::uint64_t{load_le32(p + 4)} << 32 | load_le32(p);
}

constexpr void store_be16(std::uint8_t* p, std::uint16_t value) {
  p[0] = static_cast<std::uint8_t>(value >> 8);
  p[1] = static_cast<std::uint8_t>(value);
}
constexpr void store_be32(std::uint8_t* p, std::uint32_t value) {
  store_be16(p, static_cast<std::uint16_t>(value >> 16));
  store_be16(p + 2, static_cast<std::uint16_t>(value));
}
constexpr void store_be64(std::uint8_t* p, std::uint64_t value) {
  store_be32(p, static_cast<std::uint32_t>(value >> 32));
  store_be32(p + 4, static_cast<std::uint32_t>(value));
}
constexpr void store_le16(std::uint8_t* p, std::uint16_t value) {
  p[0] = static_cast<std::uint8_t>(value);
  p[1] = static_cast<std::uint8_t>(value >> 8);
}

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline Bytes copy_of(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// Lower-case hexadecimal, two digits a byte, `separator` between bytes ("" for none).
std::string to_hex(ByteView bytes, std::string_view separator = "");
// Reads what to_hex writes; blanks and colons between bytes are allowed. Nothing on anything else.
std::optional<Bytes> from_hex(std::string_view text);

// Text from outside, safe to show: control characters, DEL and bytes that are not UTF-8 become \xHH, a backslash \\.
std::string printable(std::string_view text);
// How many bytes at the start of `text` are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most
// U+10FFFF): all of them, or the offset of the first bad sequence.
std::size_t utf8_prefix(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace wirelab
