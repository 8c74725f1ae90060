// no_service: why a service was not found where it was looked for, in the words of the person who looked.
#pragma once

#include <string>
#include <string_view>

#include "lab/base/address.hpp"
#include "lab/stack/tcp_connection.hpp"
#include "scenarios/cli/failure.hpp"

namespace wirelab::cli {

struct SoughtService {
  std::string_view what;     // "chat room"
  std::string_view command;  // that serves it
  Port port;                 // the usual one
};
extern const SoughtService chat_room_sought, registry_sought;

// "no registry at 10.0.0.1:17019: Connection refused", "10.0.0.1:8080 answered, but not like a registry".
std::string why_not_found(const SoughtService& sought, const Endpoint& place, const CloseReason& reason);
// The same, with what to do about it; exit code 3.
Failure no_service(const SoughtService& sought, const Endpoint& place, const CloseReason& reason);

// Tells each longer pause before the next attempt, and not every attempt: a service may be away for days.
class RetryTalk {
 public:
  RetryTalk(const SoughtService& sought, const Endpoint& place) : sought_(sought), place_(place) {}
  // What to say of an attempt that failed; empty if it was said before.
  std::string next(const CloseReason& reason, Duration pause);
  // It was found: the next failure is news.
  void found() {
    longest_ = {};
    was_there_ = true;
  }

 private:
  SoughtService sought_;
  Endpoint place_;
  Duration longest_{};  // of the pauses that were told
  bool was_there_ = false;
};

}  // namespace wirelab::cli
