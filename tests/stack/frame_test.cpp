#include "lab/stack/frame.hpp"

#include <ranges>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/allocations.hpp"

namespace wirelab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Field> fields_of(std::string_view header) {
  const FieldRange fields(header);
  return {fields.begin(), fields.end()};
}

TEST(Frame, ReferenceFrameByteForByte) {
  const auto frame = encode_frame({{"type", "message"}}, as_bytes("cwsdwed"));
  EXPECT_EQ(to_hex(frame, " "), "11 00 43 4c 3a 37 3b 74 79 70 65 3a 6d 65 73 73 61 67 65 63 77 73 64 77 65 64");
  EXPECT_EQ(as_text(ByteView(frame).subspan(2)), "CL:7;type:messagecwsdwed");
}

TEST(Frame, EncodesItsFieldsInTheirOrderBehindCl) {
  struct Fact {
    std::vector<Field> fields;
    std::string_view content;
    std::string_view header;
  };
  const Fact facts[] = {
      {{}, "", "CL:0"},
      {{}, "0123456789", "CL:10"},
      {{{"z", "1"}, {"a", "2"}, {"m", "3"}}, "", "CL:0;z:1;a:2;m:3"},
      {{{"to", "10.0.0.1:80"}}, "", "CL:0;to:10.0.0.1:80"},
      {{{"empty", ""}}, "", "CL:0;empty:"},
      {{{"a", "1"}, {"a", "2"}}, "", "CL:0;a:1;a:2"},
      {{{"cl", "other"}, {"CL2", "other"}}, "", "CL:0;cl:other;CL2:other"},
      {{{"name", "Zo\xC3\xAB"}, {"\xE9\x94\xAE", "\xE5\x80\xBC"}},
       "\xFF",
       "CL:1;name:Zo\xC3\xAB;\xE9\x94\xAE:\xE5\x80\xBC"},
  };
  for (const auto& [fields, content, header] : facts) {
    const auto frame = encode_frame(fields, as_bytes(content));
    EXPECT_EQ(load_le16(frame.data()), header.size());
    EXPECT_EQ(as_text(ByteView(frame).subspan(2)), std::string(header) + std::string(content));
    EXPECT_EQ(fields_of(header), fields) << header;
  }
}

TEST(Frame, ClMayStandAnywhereAndIsNoField) {
  EXPECT_THAT(fields_of("a:1;CL:7;b:2"), ElementsAre(Field{"a", "1"}, Field{"b", "2"}));
  EXPECT_THAT(fields_of("a:1;CL:7"), ElementsAre(Field{"a", "1"}));
  EXPECT_THAT(fields_of("CL:7"), ElementsAre());
  const Frame frame{"a:1;CL:7;b:2:3;a:4", {}};
  EXPECT_EQ(frame.value("a"), "1");
  EXPECT_EQ(frame.value("b"), "2:3");
  EXPECT_EQ(frame.value("CL"), std::nullopt);
  EXPECT_EQ(frame.value("c"), std::nullopt);
}

TEST(Frame, FieldsAreAForwardRange) {
  static_assert(std::ranges::forward_range<FieldRange>);
  const FieldRange fields("a:1;CL:0;b:2");
  auto field = fields.begin();
  EXPECT_EQ(field++->key, "a");
  EXPECT_EQ(field->value, "2");
  EXPECT_EQ(++field, fields.end());
}

TEST(Frame, RefusesToEncodeWhatCannotBeDecoded) {
  struct Fact {
    Field field;
    std::string_view says;
  };
  const Fact facts[] = {
      {{"", "v"}, "no key of a frame: ''"},
      {{"a:b", "v"}, "no key of a frame: 'a:b'"},
      {{"a;b", "v"}, "no key of a frame: 'a;b'"},
      {{"CL", "1"}, "no key of a frame: 'CL'"},
      {{"\xFF", "v"}, "no key of a frame: '\\xff'"},
      {{"k", "a;b"}, "no value of a frame: 'a;b'"},
      {{"k", "\xC3"}, "no value of a frame: '\\xc3'"},
  };
  for (const auto& [field, says] : facts) {
    Bytes out{1, 2, 3};
    try {
      append_frame(out, {field}, {});
      ADD_FAILURE() << "accepted " << says;
    } catch (const std::logic_error& error) {
      EXPECT_EQ(error.what(), says);
    }
    EXPECT_EQ(out, (Bytes{1, 2, 3}));
  }
}

TEST(Frame, RefusesToEncodeBeyondTheLimits) {
  const std::string longest(4096 - std::string_view("CL:0;k:").size(), 'v');
  EXPECT_EQ(encode_frame({{"k", longest}}, {}).size(), 2 + 4096);
  EXPECT_THROW(encode_frame({{"k", longest + "v"}}, {}), std::logic_error);
  const std::string beyond_the_format(0x10000, 'v');
  EXPECT_THROW(encode_frame({{"k", beyond_the_format}}, {}, {.header = 1 << 20}), std::logic_error);
  const Bytes content(10);
  EXPECT_NO_THROW(encode_frame({}, content, {.content = 10}));
  EXPECT_THROW(encode_frame({}, content, {.content = 9}), std::logic_error);
}

TEST(Frame, DatagramIsAtMost1200Bytes) {
  const Bytes content(1200 - 2 - std::string_view("CL:1191").size());
  EXPECT_EQ(encode_datagram({}, content).size(), 1200);
  EXPECT_THROW(encode_datagram({{"k", ""}}, content), std::logic_error);
  EXPECT_THROW(encode_datagram({{"k", std::string(512, 'v')}}, {}), std::logic_error);
}

TEST(Frame, AppendsWithoutAllocationIfThereIsRoom) {
  Bytes out;
  out.reserve(1000);
  const Bytes content(100, 7);
  const auto taken = allocations_of([&] {
    for (int i = 0; i < 5; ++i) append_frame(out, {{"type", "message"}, {"id", "42"}}, content);
  });
  EXPECT_EQ(taken.count, 0);
  EXPECT_EQ(out.size(), 5 * (2 + std::string_view("CL:100;type:message;id:42").size() + 100));
}

TEST(Frame, ErrorsTellWhatAndWhere) {
  const FrameError error{FrameFault::two_lengths, 23};
  EXPECT_EQ(error.to_string(), "CL is given twice (byte 23)");
  for (int fault = 0; fault <= static_cast<int>(FrameFault::truncated); ++fault)
    EXPECT_THAT(std::string(to_string(static_cast<FrameFault>(fault))), Not(HasSubstr("unknown"))) << fault;
}

}  // namespace
}  // namespace wirelab
