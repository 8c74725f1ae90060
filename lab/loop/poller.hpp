// Poller: which system call a Selector waits with. Public, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace wirelab {

enum class Poller : std::uint8_t { select, poll, epoll };

// "select", "poll", "epoll".
std::string_view name_of(Poller poller);
std::optional<Poller> parse_poller(std::string_view name);

}  // namespace wirelab
