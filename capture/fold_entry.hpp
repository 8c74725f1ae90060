// A row that is being folded, and what it says. Not public: for fold_section.cpp.
#pragma once

#include <cstdint>
#include <string>

#include "capture/deed.hpp"
#include "capture/scene.hpp"

namespace wirelab::capture {

// A row in the making.
struct Entry {
  enum class Shape : std::uint8_t { packet, data, frame, messages, handshake, close, conversation };
  Scene::Row row;
  const Deed* deed = nullptr;  // of its first packet
  Shape shape = Shape::packet;
  std::size_t packets = 1, messages = 0, acknowledgements = 0;
  std::uint64_t bytes = 0;
  std::size_t part_of = 0;  // the frame that all of it belongs to
  std::string frame;
  bool is_gone = false;  // into another one

  // Another packet's sightings and steps too.
  void absorb(const Scene::Row& other);
  [[nodiscard]] std::string label() const;
};

}  // namespace wirelab::capture
