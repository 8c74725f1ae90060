// The two formats of capture files, each with its reader. Not public: for capture_file.cpp.
#pragma once

#include <bit>
#include <optional>

#include "capture/capture_file.hpp"

namespace wirelab::capture {

// pcap's byte order and its unit of time, told by the first four bytes; nothing if they are none of pcap's.
struct PcapMagic {
  std::endian order;
  std::uint32_t nanoseconds_per_unit;
};
std::optional<PcapMagic> pcap_magic(ByteView file);
bool is_pcapng(ByteView file);

// `file` begins with the format's magic.
CaptureFile read_pcap(ByteView file, PcapMagic magic);
CaptureFile read_pcapng(ByteView file);

}  // namespace wirelab::capture
