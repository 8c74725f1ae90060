// nftables rules without running nft. Public.
#pragma once

#include <string_view>

#include "lab/net/network.hpp"

namespace wirelab {

// Adds `rules`, in the language of nft(8), to the host's own rules, all or nothing. Throws std::runtime_error with what
// libnftables says: the place, the reason.
void apply_ruleset(const Host& host, std::string_view rules);

// The same in the thread's namespace; to be called only during a Visit.
void apply_ruleset_here(std::string_view rules);

}  // namespace wirelab
