#include "lab/stack/frame.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

namespace wirelab {
namespace {

constexpr std::size_t max_header = 0xFFFF;

// Of the header that encoding would write; throws std::logic_error for a field that cannot be written.
std::size_t header_length_of(FieldList fields, std::string_view content_length) {
  auto length = content_length_key.size() + 1 + content_length.size();
  for (const auto& field : fields) {
    if (!is_field_key(field.key)) throw std::logic_error(fmt::format("no key of a frame: '{}'", printable(field.key)));
    if (!is_field_value(field.value))
      throw std::logic_error(fmt::format("no value of a frame: '{}'", printable(field.value)));
    length += 1 + field.key.size() + 1 + field.value.size();
  }
  return length;
}

}  // namespace

bool is_field_key(std::string_view text) {
  return !text.empty() && text != content_length_key && text.find_first_of(":;") == text.npos && is_utf8(text);
}

bool is_field_value(std::string_view text) { return text.find(';') == text.npos && is_utf8(text); }

FieldRange::Iterator& FieldRange::Iterator::operator++() {
  read();
  return *this;
}

void FieldRange::Iterator::read() {
  while (rest_.data() != nullptr) {
    const auto end = rest_.find(';');
    const auto pair = rest_.substr(0, end);
    rest_ = end == rest_.npos ? std::string_view{} : rest_.substr(end + 1);
    const auto colon = std::min(pair.find(':'), pair.size());
    field_ = {pair.substr(0, colon), pair.substr(std::min(colon + 1, pair.size()))};
    if (field_.key != content_length_key) return;
  }
  field_ = {};
}

std::optional<std::string_view> Frame::value(std::string_view key) const {
  for (const auto& field : fields()) {
    if (field.key == key) return field.value;
  }
  return std::nullopt;
}

std::string_view to_string(FrameFault fault) {
  switch (fault) {
    case FrameFault::header_too_long:
      return "the header is longer than the limit";
    case FrameFault::not_utf8:
      return "the header is not UTF-8";
    case FrameFault::no_colon:
      return "a pair of the header has no ':'";
    case FrameFault::empty_key:
      return "a pair of the header has an empty key";
    case FrameFault::two_lengths:
      return "CL is given twice";
    case FrameFault::bad_length:
      return "CL is no plain decimal number";
    case FrameFault::no_length:
      return "CL is missing";
    case FrameFault::content_too_long:
      return "the content is longer than the limit";
    case FrameFault::datagram_too_long:
      return "the datagram is longer than the limit";
    case FrameFault::trailing_bytes:
      return "bytes follow the frame in its datagram";
    case FrameFault::truncated:
      return "the bytes end inside a frame";
  }
  return "unknown fault";
}

std::string FrameError::to_string() const { return fmt::format("{} (byte {})", wirelab::to_string(fault), offset); }

void append_frame(Bytes& out, FieldList fields, ByteView content, const FrameLimits& limits) {
  std::array<char, std::numeric_limits<std::size_t>::digits10 + 1> digits{};
  auto* const digits_end = std::to_chars(digits.data(), digits.data() + digits.size(), content.size()).ptr;
  const std::string_view length(digits.data(), digits_end);
  const auto header_length = header_length_of(fields, length);
  if (header_length > std::min(limits.header, max_header) || content.size() > limits.content) {
    throw std::logic_error(
        fmt::format("a frame over its limits: header {}, content {} bytes", header_length, content.size()));
  }
  const auto begin = out.size();
  out.resize(begin + frame_prefix_size + header_length + content.size());
  auto* at = out.data() + begin;
  const auto put = [&at](std::string_view text) { at = std::ranges::copy(as_bytes(text), at).out; };
  store_le16(at, static_cast<std::uint16_t>(header_length));
  at += frame_prefix_size;
  put("CL:");
  put(length);
  for (const auto& field : fields) {
    put(";");
    put(field.key);
    put(":");
    put(field.value);
  }
  std::ranges::copy(content, at);
}

Bytes encode_frame(FieldList fields, ByteView content, const FrameLimits& limits) {
  Bytes frame;
  append_frame(frame, fields, content, limits);
  return frame;
}

Bytes encode_datagram(FieldList fields, ByteView content) {
  auto frame = encode_frame(fields, content, datagram_limits);
  if (frame.size() > max_datagram)
    throw std::logic_error(fmt::format("a frame of {} bytes is no datagram of at most {}", frame.size(), max_datagram));
  return frame;
}

}  // namespace wirelab
