// error_name: an errno value as manuals write it, for stories that tell what a system call gave. Public, pure.
#pragma once

#include <string>

namespace wirelab::scenarios {

// "EAGAIN", and a number where the system knows no name.
std::string name_of_error(int error);

}  // namespace wirelab::scenarios
