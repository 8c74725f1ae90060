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

// What the user may choose. What each means is the story's own (Choice).
struct Settings {
  std::size_t count = 3;
  std::size_t size = 56;  // bytes
  Duration interval = std::chrono::milliseconds(20);
  bool ipv6 = false;
};

// A setting that means something to a story.
struct Choice {
  std::string option;   // as on the command line: "count", "size", "interval", "ipv6"
  std::string meaning;  // in a few words: "echo requests of each kind"
};
inline const Choice over_ipv6{"ipv6", "play it over IPv6"};

struct Scenario {
  std::string name;
  std::string teaches;  // one line
  // What would be sent, by whom, and which privilege it needs; see explained().
  std::string explanation;
  std::vector<Choice> choices;  // what else the user sets means nothing here, and is refused
  Settings usual = {};          // unless the user chooses otherwise
  bool over_bad_links = false;  // it can be told where links delay, lose and reorder; its checks may then be refuted
  // Throws BadInput for settings that the story cannot be told with.
  Topology (*topology)(const Settings&);
  void (*play)(Stage&);

  // What an option means to this story; null if nothing.
  [[nodiscard]] const Choice* choice(std::string_view option) const;
};

// The explanation of a story among so many hosts ("three"): what it does, between what holds for every story. Lines end
// where the text says.
std::string explained(std::string_view hosts, std::string_view what_happens);

// In the order in which they are best read.
const std::vector<Scenario>& all_scenarios();

// One function a story, in the file of its name.
Scenario arp_scenario();
Scenario arp_spoof_scenario();
Scenario chat_scenario();
Scenario echo_scenario();
Scenario files_scenario();
Scenario forge_tcp_scenario();
Scenario frames_scenario();
Scenario modes_scenario();
Scenario ping_scenario();
Scenario readiness_scenario();
Scenario registry_scenario();

}  // namespace wirelab::scenarios
