// Scenario: one story, with what a reader must know before it is played. Public.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lab/base/clock.hpp"
#include "lab/net/topology.hpp"

namespace wirelab::scenarios {

class Stage;

// What the user may choose. A scenario takes what concerns it, and refuses what it cannot do.
struct Settings {
  std::size_t count = 3;                              // requests of each kind
  std::size_t size = 56;                              // bytes of payload
  Duration interval = std::chrono::milliseconds(20);  // between requests
  bool ipv6 = false;
};

struct Scenario {
  std::string name;
  std::string teaches;  // one line
  // What would be sent, by whom, and which privilege it needs.
  std::string explanation;
  // Throws BadInput for settings that the story cannot be told with.
  Topology (*topology)(const Settings&);
  void (*play)(Stage&);
};

// In the order in which they are best read.
const std::vector<Scenario>& all_scenarios();

// One function a story, in the file of its name.
Scenario chat_scenario();
Scenario echo_scenario();
Scenario files_scenario();
Scenario frames_scenario();
Scenario modes_scenario();
Scenario ping_scenario();
Scenario readiness_scenario();
Scenario registry_scenario();

}  // namespace wirelab::scenarios
