#include "capture/fold.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace wirelab::capture {
namespace {

constexpr std::size_t fewest_folded = 3;

}  // namespace

// Nothing for what is not folded.
std::optional<Folder::Conversation> Folder::conversation_of(const Scene::Row& row, const Decoded& packet) {
  const auto source = packet.source(), destination = packet.destination();
  if (row.origin != Origin::stack || row.end != Scene::End::arrived || !source || !destination) return std::nullopt;
  return Conversation{packet.ip->protocol, std::minmax(*source, *destination)};
}

Scene::Row Folder::fold(const Talk& talk) {
  Scene::Row folded = talk.rows.front();
  for (auto row = talk.rows.begin() + 1; row != talk.rows.end(); ++row) {
    folded.sightings.insert(folded.sightings.end(), row->sightings.begin(), row->sightings.end());
    folded.both_ways = folded.both_ways || row->from != folded.from;
  }
  const Decoded& first = *talk.first;
  folded.label =
      fmt::format("{} conversation {} {} {}, {} packets", first.tcp() != nullptr ? "TCP" : "UDP", first.source()->port,
                  folded.both_ways ? "<->" : "->", first.destination()->port, talk.rows.size());
  return folded;
}

void Folder::add(Scene::Row row, const Decoded& packet) {
  const auto conversation = conversation_of(row, packet);
  if (!conversation || !row.steps.empty()) end_stretch();
  if (!conversation) {
    out_.push_back(std::move(row));
    return;
  }
  auto talk = std::ranges::find(stretch_, *conversation, &Talk::conversation);
  if (talk == stretch_.end()) talk = stretch_.insert(talk, {*conversation, &packet, {}});
  talk->rows.push_back(std::move(row));
}

void Folder::end_stretch() {
  const auto begin = static_cast<std::ptrdiff_t>(out_.size());
  for (auto& talk : stretch_) {
    if (talk.rows.size() >= fewest_folded) {
      out_.push_back(fold(talk));
    } else {
      std::ranges::move(talk.rows, std::back_inserter(out_));
    }
  }
  std::ranges::stable_sort(out_.begin() + begin, out_.end(), {}, &Scene::Row::stamp);
  stretch_.clear();
}

}  // namespace wirelab::capture
