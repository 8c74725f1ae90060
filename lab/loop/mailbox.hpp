// Mailbox: tasks from any thread for the thread that runs the loop. The selector's own.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

#include "lab/base/unique_fd.hpp"

namespace wirelab {

class Mailbox {
 public:
  using Task = std::function<void()>;

  Mailbox();
  // From any thread. Only the first task of a batch writes to the descriptor.
  void post(Task task);
  // Readable while tasks wait.
  [[nodiscard]] int fd() const { return wake_.get(); }
  // Runs what waits; what is posted meanwhile waits for the next run. If a task throws, those after it go on waiting.
  void run();
  // How many tasks were run so far.
  [[nodiscard]] std::uint64_t ran() const { return ran_; }

 private:
  void ring() const;
  void put_back(std::deque<Task> tasks);

  UniqueFd wake_;
  std::mutex mutex_;  // of posted_
  std::deque<Task> posted_;
  std::uint64_t ran_ = 0;
};

}  // namespace wirelab
