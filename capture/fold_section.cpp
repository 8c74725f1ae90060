#include "capture/fold_section.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "capture/fold_entry.hpp"

namespace wirelab::capture {
namespace {

using Kind = Deed::Kind;

bool may_fold(const Told& told) {
  const bool is_ordinary = told.row.origin == Origin::stack || told.row.origin == Origin::unknown;
  return is_ordinary && told.row.fate.empty() && told.row.end == Scene::End::arrived && told.deed->kind != Kind::none;
}

bool is_flow(Kind kind) {
  return kind == Kind::opening || kind == Kind::message || kind == Kind::data || kind == Kind::acknowledgement;
}

class SectionFolder {
 public:
  explicit SectionFolder(Depth depth) : depth_(depth) {}
  void add(const Told& told);
  std::vector<Scene::Row> take();

 private:
  // Where a conversation's packets may still go; entries by number.
  struct Talk {
    std::optional<std::size_t> last, syn, syn_ack, fin, whole;
    std::array<std::optional<std::size_t>, 2> runs;  // of data, by direction
    std::map<std::pair<bool, std::string>, std::size_t> messages;
  };
  std::size_t append(const Told& told);
  void add_whole(const Told& told, Talk& talk);
  void add_opening(const Told& told, Talk& talk);
  void add_closing(const Told& told, Talk& talk);
  void add_data(const Told& told, Talk& talk);
  void add_message(const Told& told, Talk& talk);
  void add_acknowledgement(const Told& told, Talk& talk);
  [[nodiscard]] bool completes_run(const Deed& deed, const Talk& talk) const;
  void widen(std::size_t into, const Told& told, Entry::Shape shape);

  Depth depth_;
  std::vector<Entry> entries_;
  std::map<std::size_t, Talk> talks_;  // by conversation
};

std::size_t SectionFolder::append(const Told& told) {
  Entry entry{.row = told.row, .deed = told.deed, .frame = {}};
  entry.bytes = told.deed->bytes;
  entry.part_of = told.deed->part_of;
  entry.messages = told.deed->kind == Kind::message ? 1 : 0;
  entries_.push_back(std::move(entry));
  return entries_.size() - 1;
}

void SectionFolder::widen(std::size_t into, const Told& told, Entry::Shape shape) {
  auto& entry = entries_[into];
  entry.absorb(told.row);
  entry.shape = shape;
  ++entry.packets;
  entry.bytes += told.deed->bytes;
  if (entry.part_of != told.deed->part_of) entry.part_of = 0;
  if (told.deed->kind == Kind::message) ++entry.messages;
}

void SectionFolder::add(const Told& told) {
  const Deed& deed = *told.deed;
  if (!may_fold(told)) {
    append(told);
    if (deed.kind != Kind::none) talks_.erase(deed.conversation);
    return;
  }
  auto& talk = talks_[deed.conversation];
  if (depth_ >= Depth::conversations || (depth_ == Depth::flows && is_flow(deed.kind))) return add_whole(told, talk);
  switch (deed.kind) {
    case Kind::opening:
      return add_opening(told, talk);
    case Kind::data:
      return add_data(told, talk);
    case Kind::message:
      return add_message(told, talk);
    case Kind::acknowledgement:
      return add_acknowledgement(told, talk);
    case Kind::closing:
      return add_closing(told, talk);
    default:
      talk = {};
      talk.last = append(told);
  }
}

void SectionFolder::add_whole(const Told& told, Talk& talk) {
  if (!talk.whole && talk.last && told.deed->kind == Kind::acknowledgement) return add_acknowledgement(told, talk);
  if (!talk.whole) {
    talk.whole = append(told);
    return;
  }
  auto& row = entries_[*talk.whole].row;
  row.both_ways = row.both_ways || row.from != told.row.from;
  widen(*talk.whole, told, Entry::Shape::conversation);
}

// One row stands for the three parts of a handshake only if all three are there.
void SectionFolder::add_opening(const Told& told, Talk& talk) {
  const auto& head = told.deed->head;
  if (!talk.syn || !talk.syn_ack) {
    talk.last = append(told);
    if (head == "TCP [S]") talk.syn = talk.last;
    if (head == "TCP [S.]") talk.syn_ack = talk.last;
    return;
  }
  auto& syn = entries_[*talk.syn];
  auto& syn_ack = entries_[*talk.syn_ack];
  syn_ack.is_gone = true;
  syn.absorb(syn_ack.row);
  syn.row.both_ways = true;
  talk.last = talk.syn;
  widen(*talk.syn, told, Entry::Shape::handshake);
}

void SectionFolder::add_closing(const Told& told, Talk& talk) {
  const auto fin = told.deed->is_reset ? std::nullopt : talk.fin;
  const bool is_other = fin && entries_[*fin].deed->from_low != told.deed->from_low;
  // What came with a FIN is not to vanish behind it.
  if (depth_ >= Depth::messages && is_other && entries_[*fin].bytes == 0 && told.deed->bytes == 0) {
    widen(*fin, told, Entry::Shape::close);
    entries_[*fin].row.both_ways = true;
    talk = {.last = fin};
    return;
  }
  const auto place = append(told);
  talk = {.last = place};
  if (!told.deed->is_reset) talk.fin = place;
}

void SectionFolder::add_data(const Told& told, Talk& talk) {
  auto& run = talk.runs[told.deed->from_low ? 0 : 1];
  const bool stands_alone = told.deed->is_udp() && depth_ < Depth::messages;
  if (run && !stands_alone) {
    widen(*run, told, Entry::Shape::data);
  } else {
    run = append(told);
  }
  talk.last = run;
}

// Whether it ends a frame, and the run of data before it is nothing but the frame's beginning. Two segments are shown
// as they are torn.
bool SectionFolder::completes_run(const Deed& deed, const Talk& talk) const {
  const auto& run = talk.runs[deed.from_low ? 0 : 1];
  if (!run || deed.frame.empty() || entries_[*run].part_of != deed.part_of) return false;
  return entries_[*run].packets >= 2;
}

void SectionFolder::add_message(const Told& told, Talk& talk) {
  const Deed& deed = *told.deed;
  if (completes_run(deed, talk)) {
    talk.last = talk.runs[deed.from_low ? 0 : 1];
    widen(*talk.last, told, Entry::Shape::frame);
    entries_[*talk.last].frame = deed.frame;
    talk.runs = {};
    return;
  }
  talk.runs = {};
  const auto known = talk.messages.find({deed.from_low, deed.gist});
  if (depth_ < Depth::messages || known == talk.messages.end()) {
    talk.last = append(told);
    talk.messages[{deed.from_low, deed.gist}] = *talk.last;
    return;
  }
  talk.last = known->second;
  widen(*talk.last, told, Entry::Shape::messages);
}

void SectionFolder::add_acknowledgement(const Told& told, Talk& talk) {
  if (!talk.last) {
    talk.last = append(told);
    return;
  }
  entries_[*talk.last].absorb(told.row);
  ++entries_[*talk.last].acknowledgements;
}

std::vector<Scene::Row> SectionFolder::take() {
  std::vector<Scene::Row> rows;
  for (auto& entry : entries_) {
    if (entry.is_gone) continue;
    entry.row.label = entry.label();
    if (entry.acknowledgements == 1) entry.row.label += ", ACK";
    if (entry.acknowledgements > 1) entry.row.label += fmt::format(", {} ACKs", entry.acknowledgements);
    std::ranges::sort(entry.row.sightings, {}, &Packet::frame);
    rows.push_back(std::move(entry.row));
  }
  return rows;
}

}  // namespace

std::vector<Scene::Row> fold_section(const std::vector<Told>& section, Depth depth) {
  SectionFolder folder(depth);
  for (const auto& told : section) folder.add(told);
  return depth < Depth::alike ? folder.take() : fold_alike(folder.take());
}

}  // namespace wirelab::capture
