#include "lab/loop/poller.hpp"

#include <array>

namespace wirelab {
namespace {

constexpr std::array<std::string_view, 3> names{"select", "poll", "epoll"};

}  // namespace

std::string_view name_of(Poller poller) { return names.at(static_cast<std::size_t>(poller)); }

std::optional<Poller> parse_poller(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names.at(i) == name) return static_cast<Poller>(i);
  }
  return std::nullopt;
}

}  // namespace wirelab
