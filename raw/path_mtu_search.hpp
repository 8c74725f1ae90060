// PathMtuSearch: which size to try next on the way to the largest packet that a path carries. Public, pure.
//
// Routers that say their next hop's MTU (RFC 1191, RFC 8201) lead there in one step each. Old ones say 0, and then the
// sizes of RFC 1191, 7 are tried. Where the error never comes (a black hole, RFC 2923), what is too large is merely
// silent, and the size is found by halving.
#pragma once

#include <cstdint>
#include <optional>

namespace wirelab::raw {

class PathMtuSearch {
 public:
  // `first` is the MTU of the own interface. The floor is what every path carries: 68 bytes in IPv4 (RFC 791), 1280 in
  // IPv6 (RFC 8200, 5).
  PathMtuSearch(std::uint32_t first, bool v4);

  // The size of the IP packet to try; nothing when the search is over.
  [[nodiscard]] std::optional<std::uint32_t> next() const;
  // What became of a packet of that size.
  void passed(std::uint32_t size);
  // An MTU that cannot be (0, below the floor, not below the size) is not believed.
  void too_big(std::uint32_t size, std::uint32_t mtu);
  void silent(std::uint32_t size);

  // The largest size that passed; nothing if none did.
  [[nodiscard]] std::optional<std::uint32_t> result() const;
  // A size was silent although a smaller one passed: something drops without a word.
  [[nodiscard]] bool black_hole() const { return lost_above_ != 0 && largest_ != 0; }

 private:
  [[nodiscard]] std::uint32_t plateau_below(std::uint32_t size) const;

  enum class By { announcement, plateaus, halving };

  std::uint32_t floor_;
  std::uint32_t bound_;        // the least size that cannot pass
  std::uint32_t largest_ = 0;  // that passed
  std::uint32_t lost_above_ = 0;
  By by_ = By::announcement;
};

}  // namespace wirelab::raw
