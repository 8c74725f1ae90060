// What the payloads of the lab's own protocols say of themselves, short. Not public: for describe.cpp and the ladder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lab/stack/frame.hpp"

namespace wirelab::capture {

// A frame's header, safe to show and cut behind a whole field: "CL:0;type:offer;name:letters;..."
std::string header_text(std::string_view header);
// The header and a content that is a short text: `CL:2;type:say "hi"`.
std::string frame_text(const Frame& frame);
// Whether bytes begin like a frame's header, as a file's or a foreign protocol's hardly ever do: a length that a header
// may have, and text.
bool looks_like_frame(ByteView bytes);
// The request or status line that begins a message of HTTP/1 (RFC 9112, 3 and 4); empty for anything else.
std::string http_text(ByteView payload);
// "1448 bytes", "17 KiB"
std::string amount_text(std::uint64_t bytes);

}  // namespace wirelab::capture
