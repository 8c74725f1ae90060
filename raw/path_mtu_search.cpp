#include "raw/path_mtu_search.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace wirelab::raw {
namespace {

// RFC 1191, 7: the MTUs of the links that there are, from large to small.
constexpr std::array<std::uint32_t, 11> plateaus{65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68};

}  // namespace

PathMtuSearch::PathMtuSearch(std::uint32_t first, bool v4)
    : floor_(v4 ? 68 : 1280), bound_(std::max(first, floor_) + 1) {}

std::uint32_t PathMtuSearch::plateau_below(std::uint32_t size) const {
  const auto found = std::ranges::upper_bound(plateaus, size, std::ranges::greater{});
  return std::max(found == plateaus.end() ? floor_ : *found, floor_);
}

std::optional<std::uint32_t> PathMtuSearch::next() const {
  const auto lower = std::max(largest_, floor_ - 1);
  if (lower + 1 >= bound_) return std::nullopt;
  if (by_ == By::announcement) return bound_ - 1;
  if (largest_ == 0 && by_ == By::halving) return floor_;
  const auto plateau = plateau_below(bound_);
  if (by_ == By::plateaus && plateau > lower) return plateau;
  return lower + (bound_ - lower) / 2;
}

void PathMtuSearch::passed(std::uint32_t size) { largest_ = std::max(largest_, size); }

void PathMtuSearch::too_big(std::uint32_t size, std::uint32_t mtu) {
  if (mtu >= floor_ && mtu < size) {
    bound_ = std::min(bound_, mtu + 1);
    by_ = By::announcement;
  } else {
    bound_ = std::min(bound_, size);
    by_ = By::plateaus;
  }
}

void PathMtuSearch::silent(std::uint32_t size) {
  bound_ = std::min(bound_, size);
  lost_above_ = size;
  by_ = By::halving;
}

std::optional<std::uint32_t> PathMtuSearch::result() const {
  return largest_ == 0 ? std::nullopt : std::optional(largest_);
}

}  // namespace wirelab::raw
