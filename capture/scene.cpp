#include "capture/scene.hpp"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "capture/describe.hpp"
#include "capture/fold.hpp"
#include "capture/journey.hpp"

namespace wirelab::capture {
namespace {

constexpr std::string_view hosts_mark = "hosts: ";

// The names of a journey's two ends.
struct Ends {
  std::string from, to;
};

bool is_broken(const Decoded& packet) {
  const auto is_wrong = [](const auto* layer) { return layer != nullptr && layer->checksum == Checksum::wrong; };
  return packet.malformed || (packet.ip && packet.ip->checksum == Checksum::wrong) || is_wrong(packet.udp()) ||
         is_wrong(packet.tcp()) || is_wrong(packet.icmp());
}

// Names in the order of their first use.
std::vector<std::string> used_names(const std::vector<Ends>& ends) {
  std::vector<std::string> names;
  std::unordered_set<std::string> known;
  for (const auto& [from, to] : ends) {
    for (const auto& name : {from, to}) {
      if (!name.empty() && known.insert(name).second) names.push_back(name);
    }
  }
  return names;
}

// Routers that only pass packets on belong to the picture too, as far as there is room.
std::vector<std::string> column_names(const std::vector<std::string>& told, std::vector<std::string> used,
                                      const Whereabouts& whereabouts, std::size_t most) {
  const bool crowded = used.size() > most;
  if (crowded) used.resize(std::max<std::size_t>(most, 2) - 1);
  std::size_t room = crowded ? 0 : most - used.size();
  std::vector<std::string> names;
  for (const auto& name : told) {
    const bool is_used = std::ranges::find(used, name) != used.end();
    const bool is_passed = !is_used && room > 0 && whereabouts.forwards(name);
    if (is_passed) --room;
    if (is_used || is_passed) names.push_back(name);
  }
  for (const auto& name : used) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  if (crowded) names.emplace_back("others");
  return names;
}

std::vector<Scene::Column> make_columns(const TraceInfo& info, const std::vector<Ends>& ends,
                                        const Whereabouts& whereabouts, std::size_t most) {
  std::vector<Scene::Column> columns;
  for (auto& name : column_names(hosts_of(info.comment), used_names(ends), whereabouts, most)) {
    Scene::Column column{.name = std::move(name)};
    column.forwards = whereabouts.forwards(column.name);
    for (const auto& [address, owner] : info.names) {
      if (owner == column.name) column.addresses.push_back(address);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

class RowMaker {
 public:
  RowMaker(const std::vector<Scene::Column>& columns, const Whereabouts& whereabouts, const Answers& answers)
      : columns_(columns), whereabouts_(whereabouts), answers_(answers) {}

  [[nodiscard]] Scene::Row make(const Journey& journey, const Ends& ends) const {
    const Packet& first = *journey.sightings.front();
    Scene::Row row{.stamp = first.stamp, .sightings = journey.sightings, .origin = first.origin};
    row.label = label(journey.packet);
    row.from = column_of(ends.from);
    row.to = ends.to.empty() ? row.from : column_of(ends.to);
    if (!whereabouts_.may_have_reached(journey, ends.to)) {
      row.end = Scene::End::unseen;
      row.to = last_place(journey, row.to);
    } else if (answers_.is_unanswered_request(journey.packet)) {
      row.end = Scene::End::unanswered;
    } else if (is_broken(journey.packet)) {
      row.end = Scene::End::broken;
    }
    for (const Packet* sighting : journey.sightings) {
      row.steps.insert(row.steps.end(), sighting->comments.begin(), sighting->comments.end());
    }
    return row;
  }

 private:
  [[nodiscard]] std::optional<std::size_t> find_column(const std::string& name) const {
    const auto found = std::ranges::find(columns_, name, &Scene::Column::name);
    if (found == columns_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns_.begin());
  }
  // An end without a column of its own is among the others.
  [[nodiscard]] std::size_t column_of(const std::string& name) const {
    return find_column(name).value_or(columns_.size() - 1);
  }

  // The last place that the trace shows: where it came in, or the router at the other end of the link on which it left.
  [[nodiscard]] std::size_t last_place(const Journey& journey, std::size_t destination) const {
    const Packet& last = *journey.sightings.back();
    const auto here = find_column(whereabouts_.host_of(last));
    if (!here) return destination;
    if (last.direction != Direction::outbound) return *here;
    std::optional<std::size_t> nearest;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      if (!columns_[column].forwards || column == *here) continue;
      if (!nearest || rank(column, *here, destination) < rank(*nearest, *here, destination)) nearest = column;
    }
    return nearest.value_or(destination);
  }
  // Smaller is nearer: first what lies on the way to the destination.
  static std::pair<bool, std::size_t> rank(std::size_t column, std::size_t here, std::size_t destination) {
    const bool on_the_way = (here < column) == (column < destination);
    return {!on_the_way, column > here ? column - here : here - column};
  }

  const std::vector<Scene::Column>& columns_;
  const Whereabouts& whereabouts_;
  const Answers& answers_;
};

void take_epilogue(Scene& scene) {
  auto& steps = scene.rows.back().steps;
  const auto begin = std::ranges::find_if(steps, [](const auto& step) { return step.starts_with(afterwards); });
  for (auto step = begin; step != steps.end(); ++step) scene.epilogue.push_back(step->substr(afterwards.size()));
  steps.erase(begin, steps.end());
}

}  // namespace

Scene make_scene(const TraceInfo& info, const std::vector<const Packet*>& packets, const SceneOptions& options) {
  const auto journeys = journeys_of(info, packets);
  const Whereabouts whereabouts(info);
  std::vector<Ends> ends;
  for (const auto& journey : journeys) ends.push_back({whereabouts.sender(journey), whereabouts.destination(journey)});
  Scene scene;
  scene.columns = make_columns(info, ends, whereabouts, options.most_columns);
  const Answers answers(journeys);
  const RowMaker maker(scene.columns, whereabouts, answers);
  Folder folder(scene.rows);
  for (std::size_t i = 0; i < journeys.size(); ++i) {
    auto row = maker.make(journeys[i], ends[i]);
    if (options.fold) {
      folder.add(std::move(row), journeys[i].packet);
    } else {
      scene.rows.push_back(std::move(row));
    }
  }
  folder.end_stretch();
  if (!scene.rows.empty()) take_epilogue(scene);
  return scene;
}

std::string hosts_line(const std::vector<std::string>& hosts) {
  return fmt::format("{}{}", hosts_mark, fmt::join(hosts, ", "));
}

std::vector<std::string> hosts_of(std::string_view comment) {
  auto begin = comment.find(hosts_mark);
  if (begin == std::string_view::npos || (begin != 0 && comment[begin - 1] != '\n')) return {};
  auto rest = comment.substr(begin + hosts_mark.size());
  rest = rest.substr(0, rest.find('\n'));
  std::vector<std::string> hosts;
  while (!rest.empty()) {
    const auto comma = rest.find(", ");
    hosts.emplace_back(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 2);
  }
  return hosts;
}

}  // namespace wirelab::capture
