// FileWorker: one thread beside the loop, for what would hold the loop up: hashing files, and waiting for a disk.
// Public.
//
// All transfers of a loop share one; their pieces of work take turns. The thread is started with the first of them and
// takes no signals, so that those of the program stay with the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "lab/loop/selector.hpp"

namespace wirelab {

class FileWorker {
 public:
  using Task = std::function<void()>;

  // The loop outlives the worker, and the worker those who use it.
  explicit FileWorker(Selector& loop) : loop_(loop) {}
  // Waits for the piece at hand; the others are dropped, and no `then` runs any more.
  ~FileWorker();
  FileWorker(const FileWorker&) = delete;
  FileWorker& operator=(const FileWorker&) = delete;

  // From the loop's thread: `work` runs in the worker's, and may not throw; then `then` in the loop's.
  void run(Task work, Task then);

 private:
  struct Job {
    Task work, then;
  };
  void start();
  void work_off();

  Selector& loop_;
  std::mutex mutex_;  // of jobs_ and ending_
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool ending_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // for what is posted and not run yet
  std::thread thread_;
};

}  // namespace wirelab
