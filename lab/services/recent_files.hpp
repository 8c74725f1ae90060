// RecentFiles: what became of the last few thousand transfers, forgotten in the order of coming. Pure; a part of
// FileReceiver.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "lab/services/file_protocol.hpp"

namespace wirelab {

class RecentFiles {
 public:
  static constexpr std::size_t most = 4096;
  struct Fate {
    bool received = false;         // else accepted only
    std::optional<Sha256> sha256;  // of what was received, if a digest was taken
    std::string name;              // that it has got
  };

  void set(const std::string& key, Fate fate) {
    const auto [found, is_new] = fates_.insert_or_assign(key, std::move(fate));
    if (!is_new) return;
    order_.push_back(found->first);
    if (order_.size() <= most) return;
    fates_.erase(order_.front());
    order_.pop_front();
  }
  // Null if it is not known.
  [[nodiscard]] const Fate* find(const std::string& key) const {
    const auto found = fates_.find(key);
    return found == fates_.end() ? nullptr : &found->second;
  }

 private:
  std::deque<std::string> order_;
  std::unordered_map<std::string, Fate> fates_;
};

}  // namespace wirelab
