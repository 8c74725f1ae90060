// Judges the header of a frame. A part of FrameDecoder, pure.
#pragma once

#include <variant>

#include "lab/base/bytes.hpp"
#include "lab/stack/frame.hpp"

namespace wirelab {

// No content limit is above, so that a number of any length is judged without overflow.
inline constexpr std::size_t max_frame_content = std::size_t{1} << 48;

// The content length that a header gives, or what is wrong, with its offset in the header.
using FrameLength = std::variant<std::size_t, FrameError>;

// The header is the first `size` of `bytes`; what else is there may be loaded, and is ignored.
FrameLength parse_frame_header(ByteView bytes, std::size_t size, std::size_t content_limit);

}  // namespace wirelab
