#include "lab/base/bytes.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace wirelab {
namespace {

using std::literals::string_view_literals::operator""sv;

TEST(Bytes, NumbersInNetworkAndLittleEndianOrder) {
  constexpr std::array<std::uint8_t, 8> bytes{0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0xF8};
  static_assert(load_be16(bytes.data()) == 0x8102);
  static_assert(load_be32(bytes.data()) == 0x81020304);
  static_assert(load_be64(bytes.data()) == 0x81020304050607F8);
  static_assert(load_le16(bytes.data()) == 0x0281);
  static_assert(load_le32(bytes.data()) == 0x04030281);
  static_assert(load_le64(bytes.data()) == 0xF807060504030281);
  std::array<std::uint8_t, 8> stored{};
  store_be64(stored.data(), 0x81020304050607F8);
  EXPECT_EQ(stored, bytes);
  store_be32(stored.data(), 0xA1A2A3A4);
  store_be16(stored.data() + 4, 0xB1B2);
  store_le16(stored.data() + 6, 0xC1C2);
  EXPECT_EQ(to_hex(stored), "a1a2a3a4b1b2c2c1");
}

TEST(Bytes, TextAndBytesAreViewsOfEachOther) {
  const std::string text("a\0\xFF", 3);
  EXPECT_EQ(as_bytes(text).data(), reinterpret_cast<const std::uint8_t*>(text.data()));
  EXPECT_EQ(as_text(as_bytes(text)), text);
  EXPECT_EQ(copy_of(as_bytes(text)), (Bytes{'a', 0, 0xFF}));
}

TEST(Hex, Writes) {
  const Bytes bytes{0x00, 0x0F, 0xF0, 0xAB};
  EXPECT_EQ(to_hex(bytes), "000ff0ab");
  EXPECT_EQ(to_hex(bytes, " "), "00 0f f0 ab");
  EXPECT_EQ(to_hex({}, ":"), "");
  EXPECT_EQ(to_hex(Bytes{7}, ":"), "07");
}

TEST(Hex, Reads) {
  struct Fact {
    std::string_view text;
    std::optional<Bytes> bytes;
  };
  const Fact facts[] = {
      {"", Bytes{}},
      {"00", Bytes{0}},
      {"abCDeF", Bytes{0xAB, 0xCD, 0xEF}},
      {"11 00\n43:4c", Bytes{0x11, 0x00, 0x43, 0x4C}},
      {" : \n", Bytes{}},
      {"1", std::nullopt},
      {"123", std::nullopt},
      {"1 2", std::nullopt},
      {"0x11", std::nullopt},
      {"0g", std::nullopt},
      {"11,22", std::nullopt},
      {"@@", std::nullopt},
  };
  for (const auto& [text, bytes] : facts) EXPECT_EQ(from_hex(text), bytes) << text;
}

// The table of RFC 3629, section 4, at both ends of each of its ranges. `good` bytes in front are well-formed.
TEST(Utf8, Prefix) {
  struct Fact {
    std::string_view text;
    std::size_t good;
  };
  const Fact facts[] = {
      {""sv, 0},
      {"\0\x7F"sv, 2},
      {"\x80"sv, 0},
      {"\xBF"sv, 0},
      {"\xC0\x80"sv, 0},
      {"\xC1\xBF"sv, 0},
      {"\xC2\x80\xDF\xBF"sv, 4},
      {"\xC2\x7F"sv, 0},
      {"\xC2\xC0"sv, 0},
      {"\xC2"sv, 0},
      {"\xE0\x9F\xBF"sv, 0},
      {"\xE0\xA0\x80\xE0\xBF\xBF"sv, 6},
      {"\xE1\x80\x80\xEC\xBF\xBF"sv, 6},
      {"\xED\x9F\xBF"sv, 3},
      {"\xED\xA0\x80"sv, 0},
      {"\xED\xBF\xBF"sv, 0},
      {"\xEE\x80\x80\xEF\xBF\xBF"sv, 6},
      {"\xE1\x80"sv, 0},
      {"\xE1\x80\x7F"sv, 0},
      {"\xF0\x8F\xBF\xBF"sv, 0},
      {"\xF0\x90\x80\x80\xF0\xBF\xBF\xBF"sv, 8},
      {"\xF1\x80\x80\x80\xF3\xBF\xBF\xBF"sv, 8},
      {"\xF4\x8F\xBF\xBF"sv, 4},
      {"\xF4\x90\x80\x80"sv, 0},
      {"\xF5\x80\x80\x80"sv, 0},
      {"\xF1\x80\x80"sv, 0},
      {"\xF1\x80\x80\x41"sv, 0},
      {"\xFE"sv, 0},
      {"\xFF"sv, 0},
      // Across and behind the eight bytes that ASCII is read by.
      {"12345678"sv, 8},
      {"1234567\xC3\xAB"sv, 9},
      {"12345678\xC3\xAB 12345678 12345678"sv, 28},
      {"1234567812345678\xFF"sv, 16},
      {"123456781234567\xC3"sv, 15},
      {"abc\xE5\x80\xBC\xE5\x80"sv, 6},
  };
  for (const auto& [text, good] : facts) {
    EXPECT_EQ(utf8_prefix(text), good) << to_hex(as_bytes(text), " ");
    EXPECT_EQ(is_utf8(text), good == text.size()) << to_hex(as_bytes(text), " ");
  }
}

// Against an encoder: every code point that may be written is read, every surrogate is refused.
TEST(Utf8, EveryCodePoint) {
  const auto tail = [](std::uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    std::string text;
    if (point < 0x80) {
      text = {static_cast<char>(point)};
    } else if (point < 0x800) {
      text = {static_cast<char>(0xC0 | point >> 6), tail(point)};
    } else if (point < 0x10000) {
      text = {static_cast<char>(0xE0 | point >> 12), tail(point >> 6), tail(point)};
    } else {
      text = {static_cast<char>(0xF0 | point >> 18), tail(point >> 12), tail(point >> 6), tail(point)};
    }
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    ASSERT_EQ(is_utf8(text), !surrogate) << point;
  }
}

TEST(Printable, ShowsWhatCannotHarmATerminal) {
  struct Fact {
    std::string_view text;
    std::string_view shown;
  };
  const Fact facts[] = {
      {"plain text", "plain text"},
      {"", ""},
      {"Zo\xC3\xAB \xE5\x80\xBC \xF0\x9F\x98\x80", "Zo\xC3\xAB \xE5\x80\xBC \xF0\x9F\x98\x80"},
      {"a\nb\tc\0"sv, "a\\x0ab\\x09c\\x00"},
      {"\x1B[31m", "\\x1b[31m"},
      {"\x7F", "\\x7f"},
      {"\xC2\x9B\x41",
       "\\xc2\\x9b"
       "A"},
      {"\xC2\xA0", "\xC2\xA0"},
      {"\xFF\xC3", "\\xff\\xc3"},
      {"\xED\xA0\x80", "\\xed\\xa0\\x80"},
      {"a\\b", "a\\\\b"},
      {"\\x41", "\\\\x41"},
  };
  for (const auto& [text, shown] : facts) EXPECT_EQ(printable(text), shown);
}

}  // namespace
}  // namespace wirelab
