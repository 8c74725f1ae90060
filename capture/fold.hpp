// fold: long stretches of a conversation of the reference stack become one row. Internal to capture/, pure.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "capture/decode.hpp"
#include "capture/scene.hpp"

namespace wirelab::capture {

// Rows are added in order; when something else than the stack's traffic happens, the stretch ends.
class Folder {
 public:
  explicit Folder(std::vector<Scene::Row>& out) : out_(out) {}

  // `packet` must outlive the stretch.
  void add(Scene::Row row, const Decoded& packet);
  void end_stretch();

 private:
  // Two ends and their transport, the same for both directions.
  using Conversation = std::pair<std::uint8_t, std::pair<Endpoint, Endpoint>>;
  struct Talk {
    Conversation conversation;
    const Decoded* first;
    std::vector<Scene::Row> rows;
  };
  static std::optional<Conversation> conversation_of(const Scene::Row& row, const Decoded& packet);
  static Scene::Row fold(const Talk& talk);

  std::vector<Scene::Row>& out_;
  std::vector<Talk> stretch_;
};

}  // namespace wirelab::capture
