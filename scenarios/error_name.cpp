#include "scenarios/error_name.hpp"

#include <cstring>

namespace wirelab::scenarios {

std::string name_of_error(int error) {
  const char* name = ::strerrorname_np(error);
  return name == nullptr ? std::to_string(error) : name;
}

}  // namespace wirelab::scenarios
