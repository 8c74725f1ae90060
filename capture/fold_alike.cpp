#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "capture/fold_section.hpp"

namespace wirelab::capture {
namespace {

std::string without_digits(std::string_view text) {
  std::string rest;
  std::ranges::copy_if(text, std::back_inserter(rest), [](char letter) { return letter < '0' || letter > '9'; });
  return rest;
}

}  // namespace

std::vector<Scene::Row> fold_alike(std::vector<Scene::Row> rows) {
  constexpr std::size_t fewest = 3;
  using Alike = std::tuple<std::size_t, std::size_t, Origin, Scene::End, std::string>;
  const auto key = [](const Scene::Row& row) {
    return Alike{row.from, row.to, row.origin, row.end, without_digits(row.label)};
  };
  std::map<Alike, std::size_t> counts, firsts;
  for (const auto& row : rows) ++counts[key(row)];
  std::vector<Scene::Row> folded;
  for (auto& row : rows) {
    const auto name = key(row);
    const auto count = counts[name];
    const auto [first, is_new] = firsts.try_emplace(name, folded.size());
    if (count >= fewest && !is_new) {
      auto& sightings = folded[first->second].sightings;
      sightings.insert(sightings.end(), row.sightings.begin(), row.sightings.end());
      continue;
    }
    if (count >= fewest) row.label += fmt::format(", and {} alike", count - 1);
    folded.push_back(std::move(row));
  }
  return folded;
}

}  // namespace wirelab::capture
