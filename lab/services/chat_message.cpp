#include "lab/services/chat_message.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lab/services/heartbeat.hpp"
#include "lab/services/name.hpp"

namespace wirelab::chat {

Bytes encode_welcome(std::string_view own, const std::vector<std::string>& others, Duration period) {
  const auto count = std::to_string(others.size());
  const auto in_ms = period_text(period);
  return encode_message(welcome, {{name, own}, {members, count}, {period_key, in_ms}},
                        as_bytes(fmt::format("{}", fmt::join(others, "\n"))));
}

std::vector<std::string> names_in(std::string_view content) {
  std::vector<std::string> names;
  while (!content.empty()) {
    const auto line = content.substr(0, content.find('\n'));
    if (!name_fault(line)) names.emplace_back(line);
    content.remove_prefix(std::min(line.size() + 1, content.size()));
  }
  return names;
}

}  // namespace wirelab::chat
