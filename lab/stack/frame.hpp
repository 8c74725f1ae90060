// The frame codec: how the reference stack writes messages as bytes and finds them again. Public, pure.
//
//   +---------------+--------------------+------------+
//   | header length | header             | content    |     2 bytes, unsigned, LITTLE endian
//   | 11 00         | CL:7;type:message  | cwsdwed    |     UTF-8 key:value pairs joined by ';'
//   +---------------+--------------------+------------+     CL bytes, opaque
//
// CL, the content length in bytes, is mandatory and belongs to the codec: encoding writes it, decoding checks it, and
// it is not among the fields. Here: what a frame is, and encoding; frame_decoder.hpp decodes. The whole format with its
// errors: docs/reference/frame.md.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "lab/base/bytes.hpp"

namespace wirelab {

inline constexpr std::size_t frame_prefix_size = 2;  // the header length
inline constexpr std::string_view content_length_key = "CL";

// In bytes. A header cannot exceed 65535, whatever the limit; `content` is at most 2^48.
struct FrameLimits {
  std::size_t header = 4096;
  std::size_t content = std::size_t{16} << 20;
};
inline constexpr std::size_t max_datagram = 1200;
inline constexpr FrameLimits datagram_limits{.header = 512, .content = max_datagram};

// One pair of a header. A key is not empty and holds neither ':' nor ';'; a value holds no ';'. Both are UTF-8.
struct Field {
  std::string_view key;
  std::string_view value;
  friend bool operator==(const Field&, const Field&) = default;
};
// What encoding accepts. "CL" is no key of the caller's.
bool is_field_key(std::string_view text);
bool is_field_value(std::string_view text);

// The fields to encode: a view of an array, a vector, or of what stands in the call, {{"type", "message"}}.
class FieldList : public std::span<const Field> {
 public:
  using span::span;
  FieldList(std::initializer_list<Field> fields) : span(std::data(fields), fields.size()) {}
};

// The fields of a decoded header in their order, without CL: a forward range that reads the header as it goes.
class FieldRange {
 public:
  class Iterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(std::string_view header) : rest_(header) { read(); }
    const Field& operator*() const { return field_; }
    const Field* operator->() const { return &field_; }
    Iterator& operator++();
    Iterator operator++(int) { return std::exchange(*this, std::next(*this)); }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.field_.key.data() == b.field_.key.data(); }

   private:
    void read();
    std::string_view rest_;  // behind field_
    Field field_;            // without a key at the end
  };
  explicit FieldRange(std::string_view header) : header_(header) {}
  [[nodiscard]] Iterator begin() const { return Iterator{header_}; }
  [[nodiscard]] static Iterator end() { return {}; }

 private:
  std::string_view header_;
};

// A decoded frame: views of bytes that someone else owns.
struct Frame {
  std::string_view header;  // as it came, with CL
  ByteView content;
  ByteView whole;  // as it came, from its prefix to its content's end

  [[nodiscard]] FieldRange fields() const { return FieldRange{header}; }
  // Of the first field with this key.
  [[nodiscard]] std::optional<std::string_view> value(std::string_view key) const;
};

enum class FrameFault : std::uint8_t {
  header_too_long,
  not_utf8,
  no_colon,
  empty_key,
  two_lengths,
  bad_length,
  no_length,
  content_too_long,
  datagram_too_long,
  trailing_bytes,
  truncated,
};
std::string_view to_string(FrameFault fault);

// Why bytes are no frame. `offset` counts from the first byte of the stream or datagram: the byte at which they are
// wrong, or at which something is missing.
struct FrameError {
  FrameFault fault{};
  std::uint64_t offset = 0;
  // "CL is given twice (byte 23)"
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const FrameError&, const FrameError&) = default;
};

// Writes CL and the fields in their order. A field that is_field_key or is_field_value refuses, or a frame beyond
// `limits`, throws std::logic_error and leaves `out` as it was. append_frame allocates only if `out` has no room left;
// what it writes must not lie in `out`.
void append_frame(Bytes& out, FieldList fields, ByteView content, const FrameLimits& limits = {});
Bytes encode_frame(FieldList fields, ByteView content, const FrameLimits& limits = {});
// A frame that fits into a datagram of its own: within datagram_limits, and max_datagram bytes in all.
Bytes encode_datagram(FieldList fields, ByteView content);

}  // namespace wirelab
