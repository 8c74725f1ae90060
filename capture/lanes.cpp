#include "capture/lanes.hpp"

#include <algorithm>
#include <unordered_map>

namespace wirelab::capture {
namespace {

struct Use {
  std::string name;
  std::size_t telling = 0, packets = 0;
};

// In the order of the first use.
std::vector<Use> uses_of(const std::vector<Travel>& travels) {
  std::vector<Use> uses;
  std::unordered_map<std::string, std::size_t> places;
  for (const auto& travel : travels) {
    for (const auto& name : {travel.from, travel.to}) {
      if (name.empty()) continue;
      const auto [place, is_new] = places.try_emplace(name, uses.size());
      if (is_new) uses.push_back({.name = name});
      ++uses[place->second].packets;
      if (travel.tells) ++uses[place->second].telling;
    }
  }
  return uses;
}

void keep_main(std::vector<Use>& uses, std::size_t most) {
  auto ranked = uses;
  const auto weight = [](const Use& use) { return std::pair{use.telling, use.packets}; };
  std::ranges::stable_sort(ranked, std::ranges::greater{}, weight);
  ranked.resize(most);
  std::erase_if(uses, [&](const Use& use) { return std::ranges::find(ranked, use.name, &Use::name) == ranked.end(); });
}

}  // namespace

std::vector<std::string> choose_lanes(const std::vector<std::string>& told, const std::vector<Travel>& travels,
                                      const Whereabouts& whereabouts, std::size_t most) {
  auto uses = uses_of(travels);
  const bool is_crowded = uses.size() > most;
  if (is_crowded) keep_main(uses, std::max<std::size_t>(most, 2) - 1);
  std::size_t room = is_crowded ? 0 : most - uses.size();
  std::vector<std::string> names;
  for (const auto& name : told) {
    const bool is_used = std::ranges::find(uses, name, &Use::name) != uses.end();
    const bool is_passed = !is_used && room > 0 && whereabouts.forwards(name);
    if (is_passed) --room;
    if (is_used || is_passed) names.push_back(name);
  }
  for (const auto& use : uses) {
    if (std::ranges::find(names, use.name) == names.end()) names.push_back(use.name);
  }
  if (is_crowded) names.emplace_back(others);
  return names;
}

}  // namespace wirelab::capture
