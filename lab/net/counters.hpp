// counters: what a host's kernel counted, for verdicts that the wire alone cannot prove. Public.
#pragma once

#include <cstdint>
#include <string_view>

#include "lab/net/network.hpp"

namespace wirelab {

// A counter of the host's network namespace, by the names of /proc/net/snmp ("Icmp", "InCsumErrors"), of
// /proc/net/netstat ("TcpExt", "SyncookiesSent") and, for IPv6, of /proc/net/snmp6 ("Icmp6", "InCsumErrors"). Throws
// std::runtime_error if this kernel has no such counter.
std::uint64_t kernel_counter(const Host& host, std::string_view protocol, std::string_view name);

}  // namespace wirelab
