#include <algorithm>

#include <fmt/format.h>

#include "scenarios/scenario.hpp"

namespace wirelab::scenarios {

const Choice* Scenario::choice(std::string_view option) const {
  const auto found = std::ranges::find(choices, option, &Choice::option);
  return found == choices.end() ? nullptr : &*found;
}

std::string explained(std::string_view hosts, std::string_view what_happens) {
  return fmt::format(
      "Nothing leaves this machine: {} hosts are built out of network namespaces, and vanish at the end.\n"
      "{}\n"
      "Needed privilege: none where user namespaces are allowed (wirelab doctor tells), else root.",
      hosts, what_happens);
}

const std::vector<Scenario>& all_scenarios() {
  static const std::vector<Scenario> all{ping_scenario(),      arp_scenario(),      arp_spoof_scenario(),
                                         frames_scenario(),    echo_scenario(),     chat_scenario(),
                                         registry_scenario(),  files_scenario(),    modes_scenario(),
                                         readiness_scenario(), forge_tcp_scenario()};
  return all;
}

}  // namespace wirelab::scenarios
