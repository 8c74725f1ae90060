// The words and signs that a ladder and its list form share. Not public: for ladder.cpp and ladder_list.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/canvas.hpp"
#include "capture/ladder.hpp"
#include "capture/scene.hpp"

namespace wirelab::capture {

struct Signs {
  std::string_view line, crossing, dash, right, left, both, cross, step;
};
const Signs& signs_of(const LadderOptions& options);
Style style_of(Origin origin);

// With what became of the packet.
std::string full_label(const Scene::Row& row);
// Broken at blanks, else behind the fields of a header, else anywhere, into lines of at most `width` cells.
std::vector<std::string> wrap_label(std::string_view label, std::size_t width);
// At most `room` cells of a name, which keeps both of its ends.
std::string abbreviated(const std::string& name, std::size_t room);
// Says that rows were folded further than usual; empty if not.
std::string folding_note(const Scene& scene);

// A scene in fewer columns than a ladder needs: a line a packet, "A > S  text".
std::string draw_list(const Scene& scene, const LadderOptions& options);

}  // namespace wirelab::capture
