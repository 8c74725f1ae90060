// hygiene: what must hold of every trace, whatever the story. Public.
#pragma once

#include "scenarios/stage.hpp"

namespace wirelab::scenarios {

// Call after trace.finish(). Adds to the verdict: the capture lost nothing; every checksum is right, except in packets
// that the story made wrong on purpose (Stage::made_wrong); no frame exceeds the MTU of its link; no IPv6 where the
// topology has none. What speaks against one of these is its evidence.
void check_hygiene(Stage& stage);

}  // namespace wirelab::scenarios
