// ladder: a trace as a picture in text, a line for each host and an arrow for each packet. Public, pure.
//
//   time ms  frame         A                        R                        S
//                       10.0.1.2                10.0.1.1                 10.0.2.2
//                                               10.0.2.1
//                          |                        |                        |
//   * A sends an echo request made by hand
//     0.000  1,2    raw    |-- echo request id 7 seq 1 ----------------------->|
//
// Each packet is drawn once, however many taps saw it, with the frames that show it, the time since the first packet
// and who made it. An x at an arrow's end: nothing came of it, as far as the trace shows.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "capture/scene.hpp"

namespace wirelab::capture {

struct LadderOptions {
  std::size_t width = 80;      // in characters, at least 20; below 60 it is a list, a line a packet
  bool unicode = true;         // else plain ASCII
  bool color = false;          // ECMA-48 escape sequences
  bool fold = true;            // what carries no news (scene.hpp)
  std::size_t most_rows = 80;  // as far as folding can do it
};

// Lines that end with a newline each. Labels are never cut: what does not fit beside an arrow gets lines of its own.
std::string draw_ladder(const TraceInfo& info, const std::vector<const Packet*>& packets, const LadderOptions& options);

// The same as a sequence diagram of Mermaid, for pasting into documents.
std::string to_mermaid(const TraceInfo& info, const std::vector<const Packet*>& packets, bool fold = true);

// Frame numbers in order, as short as `most` characters allow: "3", "1,2", "12-17", "12..29".
std::string frame_list(const std::vector<const Packet*>& packets, std::size_t most);

}  // namespace wirelab::capture
