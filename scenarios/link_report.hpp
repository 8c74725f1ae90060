// What emulated links did in a story, for its reader. Internal to scenarios/.
#pragma once

#include "scenarios/stage.hpp"

namespace wirelab::scenarios {

// Adds a table of what each direction did to the frames, and the claim that nothing else was lost on the way. Does
// nothing in a lab without emulated links.
void report_links(Stage& stage);

}  // namespace wirelab::scenarios
