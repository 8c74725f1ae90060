#include "capture/emulation.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace wirelab::capture {
namespace {

using Fate = EmulatedFrame::Fate;

constexpr std::string_view mark = "emulated link: ";
constexpr std::string_view copy = "a copy";

struct Words {
  Fate fate;
  std::string_view comment;  // what the comment says before the place
  std::string_view label;
};
constexpr std::array<Words, 5> all_words{{
    {Fate::lost, "lost", "lost by the emulated link"},
    {Fate::queue_full, "queue full, dropped", "dropped by the emulated link, its queue is full"},
    {Fate::relay_full, "relay full, dropped", "dropped, the relay is full"},
    {Fate::duplicated, "duplicated", "duplicated by the emulated link"},
    {Fate::held_back, "held back, for later ones to overtake,", "held back by the emulated link"},
}};

std::string_view words_for(Fate fate) {
  for (const auto& words : all_words) {
    if (words.fate == fate) return words.comment;
  }
  return {};
}

}  // namespace

std::string link_comment(const EmulatedFrame& frame, std::uint64_t seed) {
  return fmt::format("{}{} behind {}:{} ({}; seed {})", mark, words_for(frame.fate), frame.host, frame.interface,
                     frame.link, seed);
}

std::string copy_comment() { return fmt::format("{}{}", mark, copy); }

std::string links_lines(const Topology& topology) {
  std::string lines;
  for (const auto& node : topology.nodes()) {
    for (const auto& interface : node.interfaces) {
      if (interface.impairment.is_none()) continue;
      lines += fmt::format("\n{}from {}:{} into {}: {}", mark, node.name, interface.name,
                           topology.segment(interface.segment).name, interface.impairment.to_string());
    }
  }
  return lines;
}

bool is_link_comment(std::string_view comment) { return comment.starts_with(mark); }

std::string fate_at(const Packet& sighting) {
  std::string text;
  for (const std::string_view comment : sighting.comments) {
    if (!is_link_comment(comment)) continue;
    for (const auto& words : all_words) {
      if (!comment.substr(mark.size()).starts_with(words.comment)) continue;
      if (!text.empty()) text += ", ";
      text += words.label;
    }
  }
  return text;
}

}  // namespace wirelab::capture
