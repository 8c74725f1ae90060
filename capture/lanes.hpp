// lanes: which hosts have a column of their own in a picture, and in what order. Internal to capture/, pure.
#pragma once

#include <string>
#include <vector>

#include "capture/journey.hpp"

namespace wirelab::capture {

// The names of a packet's two ends, and whether the packet is what the story is about.
struct Travel {
  std::string from, to;  // `to` is empty for nobody in particular
  bool tells = false;
};

inline constexpr std::string_view others = "others";

// At most `most` names, at least 2. Where there are more hosts than that, those stay that most telling packets come
// from or go to, then those with the most packets; the last name is then "others". The order is that of `told`, else of
// the first use. Routers that only pass packets on belong to the picture too, as far as there is room.
std::vector<std::string> choose_lanes(const std::vector<std::string>& told, const std::vector<Travel>& travels,
                                      const Whereabouts& whereabouts, std::size_t most);

}  // namespace wirelab::capture
