// What each segment of one direction of a TCP connection carries: the frames of the reference stack found in the
// stream as the receiver finds them, and HTTP's first lines. Internal to capture/, pure.
//
// It looks back: what a segment begins is named by what a later one completes. Bytes that are no frames are not named,
// so that a file's content passes for what it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/base/bytes.hpp"

namespace wirelab::capture {

struct Piece {
  std::uint64_t begin = 0;  // of its bytes in the stream
  ByteView bytes;           // not empty
};

struct Carried {
  std::string text;         // "frame CL:7;type:message", "first 1 of 26 bytes of a frame"; empty for what has no name
  std::string gist;         // the same for messages that are alike: "type:message"
  std::string frame;        // the one frame that ends here and began before: "CL:7;type:message"
  bool ends = false;        // a frame, or it begins a message of HTTP
  std::size_t part_of = 0;  // the number of the one frame that has all these bytes and more; 0 for none
};

// For each piece, in their order. They may overlap and be out of order; bytes that came before are not read again.
// `from_start` says that position 0 is the connection's first byte: else frames are looked for where a segment begins.
std::vector<Carried> read_stream(const std::vector<Piece>& pieces, bool from_start);

}  // namespace wirelab::capture
