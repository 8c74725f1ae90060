// The words that members of a chat and their room exchange. Public, pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/base/clock.hpp"
#include "lab/stack/message.hpp"

namespace wirelab::chat {

// From a member.
inline constexpr std::string_view join = "join";
inline constexpr std::string_view say = "say";
inline constexpr std::string_view exit = "exit";
// From the room.
inline constexpr std::string_view welcome = "welcome";
inline constexpr std::string_view refused = "refused";
inline constexpr std::string_view joined = "joined";
inline constexpr std::string_view said = "said";
inline constexpr std::string_view left = "left";
inline constexpr std::string_view error = "error";
// Fields.
inline constexpr std::string_view name = "name";
inline constexpr std::string_view why = "why";
inline constexpr std::string_view members = "members";

// In bytes; a room may take less.
inline constexpr std::size_t most_text = std::size_t{64} << 10;
// Of the names in a welcome.
inline constexpr std::size_t most_list = std::size_t{1} << 20;

Bytes encode_welcome(std::string_view own, const std::vector<std::string>& others, Duration period);
// The names in a welcome, a line each; what is no name is left out.
std::vector<std::string> names_in(std::string_view content);

}  // namespace wirelab::chat
