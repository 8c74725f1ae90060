#include "lab/stack/message.hpp"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/stack/frame_decoder.hpp"

namespace wirelab {
namespace {

using testing::ElementsAre;

// Decodes `frame`, which stays where it is, and reads the message.
std::variant<Message, MessageFault> read(const Bytes& frame) {
  FrameDecoder decoder;
  decoder.feed(frame);
  return read_message(std::get<Frame>(decoder.next()));
}
std::variant<Message, MessageFault> read(FieldList fields, std::string_view content, Bytes& frame) {
  frame = encode_frame(fields, as_bytes(content));
  return read(frame);
}

TEST(MessageTest, IsAFrameWithItsTypeFirst) {
  const auto bytes = encode_message("say", {{"name", "Ada"}}, as_bytes("hello"));
  EXPECT_EQ(as_text(ByteView(bytes).subspan(2)), "CL:5;type:say;name:Adahello");
  const auto message = std::get<Message>(read(bytes));
  EXPECT_EQ(message.type, "say");
  EXPECT_EQ(message.value("name"), "Ada");
  EXPECT_EQ(message.value("colour"), std::nullopt);
  EXPECT_EQ(message.text(), "hello");
}

// The format's own example is one: its type need not stand first.
TEST(MessageTest, TheTypeMayStandAnywhere) {
  Bytes frame;
  const auto message = std::get<Message>(read({{"id", "7"}, {"type", "message"}}, "cwsdwed", frame));
  EXPECT_EQ(message.type, "message");
}

TEST(MessageTest, UnknownFieldsAreKeptInTheirOrder) {
  Bytes frame;
  const auto message =
      std::get<Message>(read({{"z", "1"}, {"type", "t"}, {"a", "2"}, {"z", "3"}, {"b", ""}}, "", frame));
  EXPECT_THAT(message.fields(), ElementsAre(Field{"z", "1"}, Field{"a", "2"}, Field{"z", "3"}, Field{"b", ""}));
  const auto passed_on = encode_message(message.type, message.fields());
  EXPECT_EQ(as_text(ByteView(passed_on).subspan(2)), "CL:0;type:t;z:1;a:2;z:3;b:");
}

TEST(MessageTest, Faults) {
  Bytes frame;
  EXPECT_EQ(std::get<MessageFault>(read({}, "x", frame)), MessageFault::no_type);
  EXPECT_EQ(std::get<MessageFault>(read({{"Type", "x"}}, "", frame)), MessageFault::no_type);
  EXPECT_EQ(std::get<MessageFault>(read({{"type", ""}}, "", frame)), MessageFault::empty_type);
  EXPECT_EQ(std::get<MessageFault>(read({{"type", "a"}, {"type", "a"}}, "", frame)), MessageFault::two_types);
  EXPECT_EQ(to_string(MessageFault::two_types), "the message's type is given twice");
}

TEST(MessageTest, NumbersAreDigitsOnly) {
  struct Fact {
    std::string_view text;
    std::optional<std::uint64_t> number;
  };
  const Fact facts[] = {
      {"0", 0},
      {"7", 7},
      {"18446744073709551615", 18446744073709551615U},
      {"18446744073709551616", std::nullopt},
      {"", std::nullopt},
      {"01", std::nullopt},
      {"00", std::nullopt},
      {"-1", std::nullopt},
      {"+1", std::nullopt},
      {" 1", std::nullopt},
      {"1 ", std::nullopt},
      {"1.0", std::nullopt},
      {"0x1", std::nullopt},
      {"seven", std::nullopt},
  };
  for (const auto& [text, number] : facts) {
    Bytes frame;
    EXPECT_EQ(std::get<Message>(read({{"type", "t"}, {"n", text}}, "", frame)).number("n"), number) << text;
  }
  Bytes frame;
  EXPECT_EQ(std::get<Message>(read({{"type", "t"}}, "", frame)).number("n"), std::nullopt);
}

TEST(MessageTest, EncodingRefusesWhatIsNoMessage) {
  EXPECT_THROW(encode_message(""), std::logic_error);
  EXPECT_THROW(encode_message("a;b"), std::logic_error);
  EXPECT_THROW(encode_message("a", {{"type", "b"}}), std::logic_error);
  EXPECT_THROW(encode_message_datagram("a", {}, Bytes(1200)), std::logic_error);
  const auto datagram = encode_message_datagram("a", {{"k", "v"}}, as_bytes("x"));
  EXPECT_EQ(std::get<Message>(read_message(std::get<Frame>(decode_datagram(datagram)))).value("k"), "v");
}

TEST(MessageTest, AnyTextOfAUserBecomesAValue) {
  EXPECT_EQ(as_field_value("a:b c"), "a:b c");
  EXPECT_EQ(as_field_value("a;b;;"), "a_b__");
  EXPECT_EQ(as_field_value("\xC3\xAB\xFF\xC3"), "\xC3\xAB__");
  EXPECT_EQ(as_field_value("\xED\xA0\x80"), "___");
  EXPECT_EQ(as_field_value(""), "");
}

}  // namespace
}  // namespace wirelab
