// What the ICMP messages are called. Not public: for describe.cpp.
#pragma once

#include <string>

#include "capture/decode.hpp"

namespace wirelab::capture {

// "echo request", "time exceeded in transit"; an unknown one by its numbers, "type 250 code 1".
std::string icmp_name(const Icmp& icmp);

}  // namespace wirelab::capture
