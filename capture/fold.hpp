// fold: what carries no news shares a row, so that a ladder can be read. Internal to capture/, pure.
#pragma once

#include <vector>

#include "capture/fold_section.hpp"

namespace wirelab::capture {

// Rows are added in order. Those of a step of the story stay together: no row holds packets of two steps.
class Folder {
 public:
  // `deed` must outlive the folder.
  void add(Scene::Row row, const Deed& deed);

  struct Folded {
    std::vector<Scene::Row> rows;
    bool further = false;  // than bulk, to have no more rows than asked
  };
  // At most `most` rows, if folding can do it: first where it hides the least, and there where it saves the most.
  [[nodiscard]] Folded take(std::size_t most) const;

 private:
  std::vector<std::vector<Told>> sections_;
};

}  // namespace wirelab::capture
