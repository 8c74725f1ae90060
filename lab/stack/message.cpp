#include "lab/stack/message.hpp"

#include <charconv>
#include <stdexcept>

namespace wirelab {
namespace {

std::vector<Field> with_type(std::string_view type, FieldList fields) {
  if (type.empty()) throw std::logic_error("Message: the type is empty");
  std::vector<Field> all{{type_key, type}};
  all.reserve(fields.size() + 1);
  for (const auto& field : fields) {
    if (field.key == type_key) throw std::logic_error("Message: the type is given twice");
    all.push_back(field);
  }
  return all;
}

}  // namespace

std::optional<std::uint64_t> Message::number(std::string_view key) const {
  const auto text = value(key);
  if (!text || text->empty() || (text->size() > 1 && text->front() == '0')) return std::nullopt;
  std::uint64_t number = 0;
  const auto* end = text->data() + text->size();
  const auto [read, error] = std::from_chars(text->data(), end, number);
  return error == std::errc{} && read == end ? std::optional(number) : std::nullopt;
}

std::vector<Field> Message::fields() const {
  std::vector<Field> others;
  for (const auto& field : frame.fields()) {
    if (field.key != type_key) others.push_back(field);
  }
  return others;
}

std::string_view to_string(MessageFault fault) {
  switch (fault) {
    case MessageFault::no_type:
      return "the message has no type";
    case MessageFault::empty_type:
      return "the message's type is empty";
    case MessageFault::two_types:
      return "the message's type is given twice";
  }
  return "no message";
}

std::variant<Message, MessageFault> read_message(const Frame& frame) {
  std::optional<std::string_view> type;
  for (const auto& field : frame.fields()) {
    if (field.key != type_key) continue;
    if (type) return MessageFault::two_types;
    type = field.value;
  }
  if (!type) return MessageFault::no_type;
  if (type->empty()) return MessageFault::empty_type;
  return Message{*type, frame};
}

Bytes encode_message(std::string_view type, FieldList fields, ByteView content, const FrameLimits& limits) {
  return encode_frame(with_type(type, fields), content, limits);
}

Bytes encode_message_datagram(std::string_view type, FieldList fields, ByteView content) {
  return encode_datagram(with_type(type, fields), content);
}

std::string as_field_value(std::string_view text) {
  std::string value;
  while (!text.empty()) {
    const auto good = utf8_prefix(text);
    value += text.substr(0, good);
    text.remove_prefix(good);
    if (text.empty()) break;
    value += '_';
    text.remove_prefix(1);
  }
  for (auto& c : value) c = c == ';' ? '_' : c;
  return value;
}

}  // namespace wirelab
