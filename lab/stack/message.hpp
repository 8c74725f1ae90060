// Message: a frame with a type, which is what the services speak. Public, pure.
//
//   CL:7;type:say;name:Ada    the type is a field like others, the first one as it is written here; all other fields
//   are
//                             the service's own, and those it does not know stay where they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lab/stack/frame.hpp"

namespace wirelab {

inline constexpr std::string_view type_key = "type";

// A view of a decoded frame: good as long as that is.
struct Message {
  std::string_view type;
  Frame frame;

  [[nodiscard]] ByteView content() const { return frame.content; }
  [[nodiscard]] std::string_view text() const { return as_text(frame.content); }
  // Of the first field with this key.
  [[nodiscard]] std::optional<std::string_view> value(std::string_view key) const { return frame.value(key); }
  // The same as a decimal number: digits only, no leading zero, below 2^64; nothing for anything else.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view key) const;
  // All fields but the type, in their order: what to pass on, also where it is not understood.
  [[nodiscard]] std::vector<Field> fields() const;
};

enum class MessageFault : std::uint8_t { no_type, empty_type, two_types };
std::string_view to_string(MessageFault fault);

std::variant<Message, MessageFault> read_message(const Frame& frame);

// As encode_frame, with the type before the fields. "type" is no key of the caller's, and the type is not empty:
// std::logic_error.
Bytes encode_message(std::string_view type, FieldList fields = {}, ByteView content = {},
                     const FrameLimits& limits = {});
Bytes encode_message_datagram(std::string_view type, FieldList fields = {}, ByteView content = {});

// Text from a user as a field's value: bytes that are not UTF-8 and every ';' are replaced by '_'.
std::string as_field_value(std::string_view text);

}  // namespace wirelab
