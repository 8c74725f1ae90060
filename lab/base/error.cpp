#include "lab/base/error.hpp"

#include <system_error>

namespace wirelab {

void throw_errno(std::string_view what, int error) {
  throw std::system_error(error, std::system_category(), std::string(what));
}

}  // namespace wirelab
