// RecentIds: the last few thousand of what was told, forgotten in the order of coming. Pure; a part of FileReceiver.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>

namespace wirelab {

class RecentIds {
 public:
  static constexpr std::size_t most = 4096;

  void add(const std::string& id) {
    if (!known_.insert(id).second) return;
    order_.push_back(id);
    if (order_.size() <= most) return;
    known_.erase(order_.front());
    order_.pop_front();
  }
  [[nodiscard]] bool has(const std::string& id) const { return known_.contains(id); }

 private:
  std::deque<std::string> order_;
  std::unordered_set<std::string> known_;
};

}  // namespace wirelab
