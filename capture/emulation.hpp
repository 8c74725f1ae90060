// emulation: what emulated links did to packets, as comments in the trace. Public, pure.
//
// A comment lies at the last sighting before the link: there the packet was lost, or from there on there are two.
#pragma once

#include <string>
#include <string_view>

#include "capture/packet.hpp"
#include "lab/net/emulation.hpp"
#include "lab/net/topology.hpp"

namespace wirelab::capture {

// "emulated link: lost behind A:eth0 (loss 5 %; seed 7)"
std::string link_comment(const EmulatedFrame& frame, std::uint64_t seed);
// At where a copy comes in that a link made.
std::string copy_comment();

// Of a trace's comment: a line for each emulated direction, "\nemulated link: from A:eth0 into wan: delay 25 ms".
std::string links_lines(const Topology& topology);

// True for what link_comment and copy_comment give.
bool is_link_comment(std::string_view comment);
// In a few words for a ladder, what links did to the packet at this sighting: "lost by the emulated link". Empty if
// nothing, or if it was not the link's choice.
std::string fate_at(const Packet& sighting);

// True where a frame ends.
constexpr bool is_dropped(EmulatedFrame::Fate fate) {
  return fate != EmulatedFrame::Fate::duplicated && fate != EmulatedFrame::Fate::held_back;
}

}  // namespace wirelab::capture
