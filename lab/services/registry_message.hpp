// The words that devices and watchers exchange with their registry; "added", "changed" and "removed" are
// DeviceChange's. Public, pure.
#pragma once

#include <string_view>

namespace wirelab::registry {

// From a device or a watcher.
inline constexpr std::string_view enter = "register";
inline constexpr std::string_view watch = "watch";
inline constexpr std::string_view leave = "leave";
// From the registry.
inline constexpr std::string_view list = "list";
inline constexpr std::string_view ask = "ask";  // are you there? alive answers
inline constexpr std::string_view refused = "refused";
inline constexpr std::string_view error = "error";
// Fields.
inline constexpr std::string_view why = "why";
inline constexpr std::string_view devices = "devices";

}  // namespace wirelab::registry
