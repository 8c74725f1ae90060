#include "lab/services/file_worker.hpp"

#include <csignal>
#include <utility>

namespace wirelab {

FileWorker::~FileWorker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void FileWorker::start() {
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // a thread inherits the mask of its maker
  thread_ = std::thread([this] { work_off(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void FileWorker::run(Task work, Task then) {
  if (!thread_.joinable()) start();
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(work), std::move(then)});
  }
  wake_.notify_one();
}

void FileWorker::work_off() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
    if (ending_) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.work();
    // Both are destroyed in the loop, which made them: what they hold belongs to it.
    loop_.post([job = std::move(job), alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) job.then();
    });
    lock.lock();
  }
}

}  // namespace wirelab
