// Offloads off, so that what is captured is what would be on a wire. Of lab/net.
#pragma once

#include <string>

namespace wirelab {

// Switches off checksumming, segmentation and coalescing by the device, in both directions. With them on, a trace shows
// unfinished checksums and frames of up to 64 kB. `socket` is any socket of the interface's namespace.
void switch_offloads_off(int socket, const std::string& interface);

}  // namespace wirelab
