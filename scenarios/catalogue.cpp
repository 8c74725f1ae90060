#include "scenarios/scenario.hpp"

namespace wirelab::scenarios {

const std::vector<Scenario>& all_scenarios() {
  static const std::vector<Scenario> all{ping_scenario(),  frames_scenario(),   echo_scenario(),
                                         chat_scenario(),  registry_scenario(), files_scenario(),
                                         modes_scenario(), readiness_scenario()};
  return all;
}

}  // namespace wirelab::scenarios
