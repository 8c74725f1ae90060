// The packets of one step of the story as rows, folded as deep as is asked. Internal to capture/, pure.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/deed.hpp"
#include "capture/scene.hpp"

namespace wirelab::capture {

// Each folds what the ones before it fold, and more.
enum class Depth : std::uint8_t {
  bulk,           // handshakes, the segments of a stream, bare acknowledgements
  messages,       // those of one type and direction; datagrams; the two FINs of a connection
  flows,          // all of a conversation but its end, its windows and what is odd
  conversations,  // all of each
  alike,          // all packets that differ in nothing but numbers, whoever made them
};
inline constexpr Depth deepest = Depth::alike;

struct Told {
  Scene::Row row;
  const Deed* deed;
};

// In the order of each row's first packet. Up to Depth::conversations what was forged, what a kernel says and what was
// lost have rows of their own.
std::vector<Scene::Row> fold_section(const std::vector<Told>& section, Depth depth);

// What goes from one host to another by one maker, and differs in numbers only, is one row where it is three or more.
std::vector<Scene::Row> fold_alike(std::vector<Scene::Row> rows);

}  // namespace wirelab::capture
