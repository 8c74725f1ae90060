// CaptureFile: any pcap or pcapng file, read whole. Public; parsing is pure and a fuzz target.
//
// Reads both byte orders, micro- and nanoseconds, any link type; of pcapng several sections, all packet blocks, names,
// drop counts, comments, packet ids and directions. What it does not know it skips. Memory is bounded by the file's
// size: no length in it is believed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capture/packet.hpp"
#include "capture/pcapng_writer.hpp"

namespace wirelab::capture {

struct CaptureFile {
  TraceInfo info;  // pcap has one tap without a name and no texts; of several sections the first one's texts
  std::vector<Packet> packets;            // in the file's order, `frame` counts from 1
  std::vector<TapStatistics> statistics;  // one a tap
  // The first thing that was wrong. A block whose frame is whole but whose content is not is left out; where the frame
  // itself is broken or cut, reading ended.
  std::optional<Malformed> malformed;
};

// Nothing if the bytes do not begin like a capture file.
std::optional<CaptureFile> parse_capture(ByteView file);

// Throws BadInput if there is no such file or it is no capture, std::system_error if it cannot be read.
CaptureFile load_capture(const std::string& path);

}  // namespace wirelab::capture
