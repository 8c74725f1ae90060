#include "capture/packet.hpp"

namespace wirelab::capture {

std::string_view name_of(Direction direction) {
  switch (direction) {
    case Direction::inbound:
      return "inbound";
    case Direction::outbound:
      return "outbound";
    case Direction::unknown:
      break;
  }
  return "unknown";
}

std::string_view name_of(Origin origin) {
  switch (origin) {
    case Origin::raw:
      return "raw";
    case Origin::kernel:
      return "kernel";
    case Origin::stack:
      return "stack";
    case Origin::unknown:
      break;
  }
  return "unknown";
}

}  // namespace wirelab::capture
