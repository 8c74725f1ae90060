#include "lab/stack/close_reason.hpp"

namespace wirelab {

std::string CloseReason::to_string() const {
  switch (cause) {
    case CloseCause::finished:
      return "finished";
    case CloseCause::aborted:
      return "aborted";
    case CloseCause::failed:
      return error.message();
    case CloseCause::connect_timeout:
      return "no answer to connect";
    case CloseCause::close_timeout:
      return "the peer did not end in time";
    case CloseCause::idle:
      return "idle for too long";
    case CloseCause::too_slow:
      return "the peer was too slow";
  }
  return "unknown";
}

}  // namespace wirelab
