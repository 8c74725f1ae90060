// The Internet checksum. Public, pure.
#pragma once

#include <cstdint>

#include "lab/base/address.hpp"
#include "lab/base/bytes.hpp"

namespace wirelab {

// Adds up 16-bit words in ones' complement (RFC 1071). Parts may be added one after the other; every part but the
// last must have an even number of bytes.
class ChecksumAdder {
 public:
  ChecksumAdder& add(ByteView part);
  ChecksumAdder& add16(std::uint16_t word);
  // The checksum in host order: what to store (big endian) in the field, which was zero while adding. Over data that
  // contains its own right checksum the result is 0.
  [[nodiscard]] std::uint16_t finish() const;

 private:
  std::uint64_t sum_ = 0;
};

std::uint16_t internet_checksum(ByteView bytes);

// The checksum of a TCP, UDP or ICMPv6 segment with its pseudo header (RFC 9293 3.1, RFC 768, RFC 8200 8.1). Both
// addresses are of one version. The caller turns a computed 0 into 0xFFFF for UDP.
std::uint16_t transport_checksum(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
                                 ByteView segment);

// The checksum after one 16-bit word changed, without reading the rest (RFC 1624, equation 3). The same as a fresh one,
// but for data that became nothing but zeros: 0 instead of 0xFFFF, the other zero of ones' complement.
constexpr std::uint16_t updated_checksum(std::uint16_t checksum, std::uint16_t old_word, std::uint16_t new_word) {
  std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
  sum += static_cast<std::uint16_t>(~old_word);
  sum += new_word;
  sum = (sum & 0xFFFF) + (sum >> 16);
  sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace wirelab
