// match: the same packet on every link gets the same id. Public, pure.
//
// A packet is seen once by each tap it passes, changed a little by what it went through: routers rewrite the MACs, the
// TTL and the header checksum, NATs also the addresses, ports, identification and the transport's checksum. What
// stays is the fingerprint. Equal packets that follow each other are told apart by order: the n-th that one tap sees
// is the n-th that every other tap sees. Where a link is known to have lost one of them, or to have made a copy, that
// is to be told: lost() and copied().
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "capture/decode.hpp"

namespace wirelab::capture {

// What may lie between two taps, and so what a fingerprint leaves out.
enum class Across { routers, nats };

// Equal for the same packet at both ends of any such path. A frame without an IP packet counts as a whole.
std::uint64_t fingerprint(const Decoded& packet, Across across = Across::routers);

class Matcher {
 public:
  struct Match {
    std::uint64_t id = 0;  // counts from 1, without gaps
    bool first = false;    // no tap saw this packet before
    bool copy = false;     // a link made it of the packet with this id
  };

  // A packet that is seen again later than `window` after the first time counts as another one. Memory is bounded by
  // what was seen within the window.
  explicit Matcher(Across across = Across::routers, Duration window = std::chrono::seconds(1))
      : across_(across), window_(window) {}

  // Packets of all taps are given in the order of their stamps.
  Match match(std::size_t tap, Stamp stamp, const Decoded& packet);
  // The id of such a packet as `tap` saw it last; if that is no tap or saw none, of the youngest that is not lost.
  // Nothing if there is none within the window.
  [[nodiscard]] std::optional<std::uint64_t> last(std::optional<std::size_t> tap, const Decoded& packet) const;
  // The packet with this id got no further: what is seen from now on is another.
  void lost(std::uint64_t id, const Decoded& packet);
  // There are two of it from now on.
  void copied(std::uint64_t id, const Decoded& packet);

 private:
  struct Entry {
    std::uint64_t id = 0;
    bool lost = false;
    bool copy = false;
  };
  // All packets of one fingerprint within the window.
  struct Equals {
    std::uint64_t expired = 0;  // how many went before entries.front()
    std::deque<Entry> entries;
    std::vector<std::pair<std::size_t, std::uint64_t>> next;  // a tap, and how many of these passed it
  };
  void forget_before(Stamp stamp);
  [[nodiscard]] const Equals* find(const Decoded& packet) const;

  Across across_;
  Duration window_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, Equals> equals_;
  std::deque<std::pair<Stamp, std::uint64_t>> order_;  // first sightings and their fingerprints, oldest first
};

}  // namespace wirelab::capture
