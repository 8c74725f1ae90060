// Sequence numbers of TCP, modulo 2^32 (RFC 9293, 3.4). Public, pure.
//
// "Before" and "after" mean something only for numbers less than 2^31 apart, which a window guarantees. The order is
// therefore not transitive over the whole circle: never sort by it what does not lie within one window.
#pragma once

#include <cstdint>

namespace wirelab::raw {

struct Sequence {
  std::uint32_t number = 0;

  friend constexpr bool operator==(Sequence, Sequence) = default;
  friend constexpr Sequence operator+(Sequence a, std::uint32_t octets) { return {a.number + octets}; }
  friend constexpr Sequence operator-(Sequence a, std::uint32_t octets) { return {a.number - octets}; }
  // How far `a` lies behind `b`; negative if it comes before.
  friend constexpr std::int32_t operator-(Sequence a, Sequence b) {
    return static_cast<std::int32_t>(a.number - b.number);
  }
  friend constexpr bool operator<(Sequence a, Sequence b) { return a - b < 0; }
  friend constexpr bool operator>(Sequence a, Sequence b) { return b < a; }
  friend constexpr bool operator<=(Sequence a, Sequence b) { return !(b < a); }
  friend constexpr bool operator>=(Sequence a, Sequence b) { return !(a < b); }
};

constexpr Sequence earlier(Sequence a, Sequence b) { return b < a ? b : a; }
constexpr Sequence later(Sequence a, Sequence b) { return a < b ? b : a; }

// The octets from `first` up to, not including, `end`.
struct SequenceRange {
  Sequence first, end;
  [[nodiscard]] constexpr std::uint32_t size() const { return end.number - first.number; }
  friend constexpr bool operator==(const SequenceRange&, const SequenceRange&) = default;
};

}  // namespace wirelab::raw
