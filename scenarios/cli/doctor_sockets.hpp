// Which sockets open here: families, types and protocols, each tried. Part of doctor.
#pragma once

#include "scenarios/cli/finding.hpp"

namespace wirelab::cli {

// A finding a family that opens in any way, and one for all others. Sockets are opened and closed, nothing else; as
// with any program that opens one, the kernel may load the module of a family.
void examine_sockets(const Report& report);

}  // namespace wirelab::cli
