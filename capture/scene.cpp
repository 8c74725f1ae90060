#include "capture/scene.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "capture/deed.hpp"
#include "capture/describe.hpp"
#include "capture/emulation.hpp"
#include "capture/fold.hpp"
#include "capture/journey.hpp"
#include "capture/lanes.hpp"

namespace wirelab::capture {
namespace {

constexpr std::string_view hosts_mark = "hosts: ";

bool is_broken(const Decoded& packet) {
  const auto is_wrong = [](const auto* layer) { return layer != nullptr && layer->checksum == Checksum::wrong; };
  return packet.malformed || (packet.ip && packet.ip->checksum == Checksum::wrong) || is_wrong(packet.udp()) ||
         is_wrong(packet.tcp()) || is_wrong(packet.icmp());
}

std::vector<Scene::Column> make_columns(const TraceInfo& info, const std::vector<std::string>& lanes,
                                        const Whereabouts& whereabouts) {
  std::vector<Scene::Column> columns;
  for (const auto& name : lanes) {
    Scene::Column column{.name = name, .addresses = {}};
    column.forwards = whereabouts.forwards(name);
    for (const auto& [address, owner] : info.names) {
      if (owner == name) column.addresses.push_back(address);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

class RowMaker {
 public:
  RowMaker(const std::vector<Scene::Column>& columns, const Whereabouts& whereabouts, const Answers& answers)
      : columns_(columns), whereabouts_(whereabouts), answers_(answers) {}

  [[nodiscard]] Scene::Row make(const Journey& journey, const Travel& ends, const Deed& deed) const {
    const Packet& first = *journey.sightings.front();
    Scene::Row row{.stamp = first.stamp, .sightings = journey.sightings, .origin = first.origin};
    row.label = deed.kind == Deed::Kind::none ? label(journey.packet) : deed.text(first.origin == Origin::raw);
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
      std::ranges::remove_copy_if(sighting->comments, std::back_inserter(row.steps), is_link_comment);
      const auto fate = fate_at(*sighting);
      if (!row.fate.empty() && !fate.empty()) row.fate += ", ";
      row.fate += fate;
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

// What is told after a packet is not told before it.
void take_epilogue(Scene& scene, Scene::Row& row) {
  std::erase_if(row.steps, [&scene](const std::string& step) {
    if (!step.starts_with(afterwards)) return false;
    scene.epilogue.push_back(step.substr(afterwards.size()));
    return true;
  });
}

// Whether the story is about this packet, rather than about others that it goes along with.
bool tells(const Journey& journey, const Deed& deed) {
  const Packet& first = *journey.sightings.front();
  const bool flows = deed.kind == Deed::Kind::data || deed.kind == Deed::Kind::acknowledgement;
  const bool happens = deed.kind != Deed::Kind::none && !flows;
  return happens || first.origin == Origin::raw || !first.comments.empty() || journey.packet.icmp() != nullptr;
}

}  // namespace

Scene make_scene(const TraceInfo& info, const std::vector<const Packet*>& packets, const SceneOptions& options) {
  const auto journeys = journeys_of(info, packets);
  std::vector<const Decoded*> decoded;
  for (const auto& journey : journeys) decoded.push_back(&journey.packet);
  const auto deeds = deeds_of(decoded);
  const Whereabouts whereabouts(info);
  std::vector<Travel> travels;
  for (std::size_t i = 0; i < journeys.size(); ++i) {
    const auto& journey = journeys[i];
    travels.push_back({whereabouts.sender(journey), whereabouts.destination(journey), tells(journey, deeds[i])});
  }
  Scene scene;
  const auto lanes = choose_lanes(hosts_of(info.comment), travels, whereabouts, options.most_columns);
  scene.columns = make_columns(info, lanes, whereabouts);
  const Answers answers(journeys);
  const RowMaker maker(scene.columns, whereabouts, answers);
  Folder folder;
  for (std::size_t i = 0; i < journeys.size(); ++i) {
    auto row = maker.make(journeys[i], travels[i], deeds[i]);
    take_epilogue(scene, row);
    if (options.fold) {
      folder.add(std::move(row), deeds[i]);
    } else {
      scene.rows.push_back(std::move(row));
    }
  }
  scene.packets = journeys.size();
  if (!options.fold) return scene;
  auto folded = folder.take(options.most_rows);
  scene.rows = std::move(folded.rows);
  scene.folded_further = folded.further;
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
