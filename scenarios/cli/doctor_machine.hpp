// What can be read of this machine without trying much: privileges, limits, tools, other people's sockets. Part of
// doctor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/cli/finding.hpp"

namespace wirelab::cli {

// To be called in the machine's own namespaces; opens one raw socket there and closes it, sends nothing.
void examine_machine_itself(const Report& report);

// The inodes of the sockets in /proc/net/packet (its text) that take in packets of every protocol.
std::vector<unsigned long> sockets_for_all_packets(std::string_view proc_net_packet);
// The first version number in what a tool prints about itself, as "4.0.17"; empty if there is none.
std::string version_in(std::string_view text);

}  // namespace wirelab::cli
