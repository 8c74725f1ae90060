// Answers: matches what came back with what was sent. Internal to raw/; Reply and Counts are public.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>

#include "lab/base/clock.hpp"
#include "lab/loop/selector.hpp"
#include "raw/icmp_reply.hpp"

namespace wirelab::raw {

// An answer to a probe: an echo reply, or the error that came instead.
struct Reply {
  ReplyKind kind{};
  IpAddress from;
  // Of the echo, quoted by an error; of a UDP probe its source and destination port.
  std::uint16_t identifier = 0, sequence = 0;
  std::uint8_t ttl = 0;  // of the answer; hop limit
  std::uint8_t type = 0, code = 0;
  std::uint32_t mtu = 0;     // too_big only
  std::size_t payload = 0;   // bytes of echo data; errors: of the quoted packet
  bool duplicate = false;    // the probe had been answered before
  Stamp sent{}, received{};  // before the kernel got the probe; when it took in the answer
  [[nodiscard]] Duration rtt() const { return received - sent; }
};

// Answers that came in and were not taken. ICMP that answers nothing (requests, neighbour discovery) is not counted.
struct Counts {
  std::uint64_t duplicates = 0;  // answers to what had been answered
  std::uint64_t foreign = 0;     // of other people's conversations, or to nothing that was sent
  std::uint64_t altered = 0;     // answers with other data than was sent
  std::uint64_t malformed = 0;   // unreadable, or with a wrong checksum
};

class Answers {
 public:
  void sent(std::uint16_t sequence, Stamp when) { probes_[sequence] = {.sent = when, .answered = false}; }
  // Completes `reply` and keeps it, or counts it as foreign if no probe has that sequence number.
  void arrived(Reply reply, const std::function<void(const Reply&)>& tell);
  // The oldest first answer not yet taken; turns the loop until there is one, at most for `limit`.
  std::optional<Reply> take_within(Selector& loop, Duration limit);
  Counts& counts() { return counts_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Probe {
    Stamp sent{};
    bool answered = false;
  };
  std::unordered_map<std::uint16_t, Probe> probes_;
  std::deque<Reply> replies_;
  Counts counts_;
};

// An echo reply or an error.
bool is_answer(ReplyKind kind);
// What a reply takes over from the message that brought it.
Reply reply_from(const IcmpMessage& message, Stamp received);

}  // namespace wirelab::raw
