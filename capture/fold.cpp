#include "capture/fold.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace wirelab::capture {
namespace {

using Rows = std::vector<Scene::Row>;

std::size_t count(const std::vector<Rows>& sections) {
  return std::accumulate(sections.begin(), sections.end(), std::size_t{0},
                         [](std::size_t sum, const Rows& rows) { return sum + rows.size(); });
}

// Replaces sections by what is shorter, the greatest saving first, until no more than `most` rows are left.
void shorten(std::vector<Rows>& sections, std::vector<Rows> shorter, std::size_t most) {
  const auto saving = [&](std::size_t i) {
    return sections[i].size() - std::min(sections[i].size(), shorter[i].size());
  };
  std::vector<std::size_t> order(sections.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{}, saving);
  auto rows = count(sections);
  for (const auto i : order) {
    if (rows <= most || saving(i) == 0) return;
    rows -= saving(i);
    sections[i] = std::move(shorter[i]);
  }
}

}  // namespace

void Folder::add(Scene::Row row, const Deed& deed) {
  if (sections_.empty() || !row.steps.empty()) sections_.emplace_back();
  sections_.back().push_back({std::move(row), &deed});
}

Folder::Folded Folder::take(std::size_t most) const {
  const auto fold_all = [this](Depth depth) {
    std::vector<Rows> sections;
    for (const auto& section : sections_) sections.push_back(fold_section(section, depth));
    return sections;
  };
  auto sections = fold_all(Depth::bulk);
  Folded folded;
  for (auto depth = Depth::bulk; depth < deepest && count(sections) > most;) {
    depth = static_cast<Depth>(static_cast<int>(depth) + 1);
    folded.further = true;
    shorten(sections, fold_all(depth), most);
  }
  for (auto& rows : sections) std::ranges::move(rows, std::back_inserter(folded.rows));
  return folded;
}

}  // namespace wirelab::capture
