#include "lab/base/checksum.hpp"

namespace wirelab {

ChecksumAdder& ChecksumAdder::add(ByteView part) {
  while (part.size() >= 4) {
    sum_ += load_be32(part.data());
    part = part.subspan(4);
  }
  if (part.size() >= 2) {
    sum_ += load_be16(part.data());
    part = part.subspan(2);
  }
  if (!part.empty()) sum_ += std::uint64_t{part[0]} << 8;
  return *this;
}

ChecksumAdder& ChecksumAdder::add16(std::uint16_t word) {
  sum_ += word;
  return *this;
}

std::uint16_t ChecksumAdder::finish() const {
  auto sum = sum_;
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint16_t internet_checksum(ByteView bytes) { return ChecksumAdder{}.add(bytes).finish(); }

std::uint16_t transport_checksum(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
                                 ByteView segment) {
  ChecksumAdder adder;
  adder.add(source.bytes()).add(destination.bytes()).add16(protocol);
  adder.add16(static_cast<std::uint16_t>(segment.size() >> 16)).add16(static_cast<std::uint16_t>(segment.size()));
  return adder.add(segment).finish();
}

}  // namespace wirelab
