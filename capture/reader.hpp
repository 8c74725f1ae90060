// Reader: the one way in which bytes of packets and capture files are read, checked at every step. Not public.
//
// Reading past the end gives zeros and sets failed(): a layer reads all its fields, then asks once. Knows how many
// bytes belonged here on the wire but are not there (snapshot length, quotation), so that a cut is told from a lie.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include "lab/base/bytes.hpp"

namespace wirelab::capture {

class Reader {
 public:
  // How much was cut off nobody knows, as with a packet quoted in an ICMP error.
  static constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max() / 2;

  // `offset` is the place of the first byte in the frame, `cut` the number of bytes that are missing after the last.
  explicit Reader(ByteView bytes, std::size_t offset = 0, std::size_t cut = 0)
      : bytes_(bytes), offset_(offset), cut_(cut) {}

  ByteView take(std::size_t count) {
    if (count > bytes_.size()) {
      failed_ = true;
      return advance(bytes_.size()).first(0);
    }
    return advance(count);
  }
  std::uint8_t u8() {
    const auto bytes = take(1);
    return failed_ ? std::uint8_t{0} : bytes[0];
  }
  std::uint16_t u16() {
    const auto bytes = take(2);
    if (failed_) return 0;
    return order_ == std::endian::big ? load_be16(bytes.data()) : load_le16(bytes.data());
  }
  std::uint32_t u32() {
    const auto bytes = take(4);
    if (failed_) return 0;
    return order_ == std::endian::big ? load_be32(bytes.data()) : load_le32(bytes.data());
  }
  std::uint64_t u64() {
    const auto bytes = take(8);
    if (failed_) return 0;
    return order_ == std::endian::big ? load_be64(bytes.data()) : load_le64(bytes.data());
  }
  // An address or any other type with `size` and from_bytes(); its default after the end.
  template <class T>
  T get() {
    const auto bytes = take(T::size);
    return failed_ ? T{} : T::from_bytes(bytes);
  }

  // Numbers are in network byte order unless told otherwise.
  void use(std::endian order) { order_ = order; }

  // True once more was asked for than there is.
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] ByteView rest() const { return bytes_; }
  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] bool is_cut() const { return cut_ != 0; }
  // How many bytes there were on the wire, as far as known.
  [[nodiscard]] std::size_t wire_size() const { return bytes_.size() + (cut_ == unknown ? 0 : cut_); }
  // Whether `length` bytes from here existed on the wire, captured or not.
  [[nodiscard]] bool may_hold(std::size_t length) const { return length <= bytes_.size() + cut_; }

  // The next `length` bytes on their own. What of them is not there counts as cut.
  [[nodiscard]] Reader first(std::size_t length) const {
    const auto there = std::min(length, bytes_.size());
    auto part = Reader(bytes_.first(there), offset_, length - there);
    part.order_ = order_;
    return part;
  }
  // The same bytes, followed by others that are elsewhere.
  [[nodiscard]] Reader continued_elsewhere() const { return Reader(bytes_, offset_, unknown); }

 private:
  ByteView advance(std::size_t count) {
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    offset_ += count;
    return taken;
  }

  ByteView bytes_;
  std::size_t offset_;
  std::size_t cut_;
  std::endian order_ = std::endian::big;
  bool failed_ = false;
};

}  // namespace wirelab::capture
