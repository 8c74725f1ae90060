// The ports at which the services are found unless told otherwise. Public, pure.
#pragma once

#include "lab/base/address.hpp"

namespace wirelab {

inline constexpr Port echo_port{17017};
inline constexpr Port chat_port{17018};
inline constexpr Port registry_port{17019};
inline constexpr Port files_port{17020};
inline constexpr Port http_port{8080};

}  // namespace wirelab
