// What peers may call themselves: members of a chat, devices of a registry. Public, pure.
//
// A name is shown to others, in lists and on terminals, so it must be what it looks like: no control characters, none
// that are invisible or turn the direction of the text, and no blank at either end.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wirelab {

inline constexpr std::size_t most_name_bytes = 64;

// Why a peer may not be called so, for the reader: "a name is 1 to 64 bytes long"; nothing if it may.
std::optional<std::string_view> name_fault(std::string_view name);
// What a peer wrote, for an error that quotes it: printable, and only its beginning if it is long.
std::string quoted(std::string_view text);
// Names with the same key are taken for the same by a reader: ASCII letters count without their case.
std::string name_key(std::string_view name);

}  // namespace wirelab
