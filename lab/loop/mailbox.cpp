#include "lab/loop/mailbox.hpp"

#include <iterator>
#include <stdexcept>
#include <utility>

#include <sys/eventfd.h>

#include "lab/base/error.hpp"

namespace wirelab {

Mailbox::Mailbox() : wake_(check_errno(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd of the selector")) {}

void Mailbox::post(Task task) {
  if (!task) throw std::logic_error("post without a task");
  const std::lock_guard lock(mutex_);
  const bool first = posted_.empty();
  posted_.push_back(std::move(task));
  if (first) ring();
}

void Mailbox::run() {
  std::deque<Task> batch;
  {
    const std::lock_guard lock(mutex_);
    eventfd_t count = 0;
    if (::eventfd_read(wake_.get(), &count) < 0 && errno != EAGAIN) throw_errno("read the eventfd of the selector");
    batch.swap(posted_);
  }
  while (!batch.empty()) {
    const auto task = std::move(batch.front());
    batch.pop_front();
    ++ran_;
    try {
      task();
    } catch (...) {
      put_back(std::move(batch));
      throw;
    }
  }
}

void Mailbox::put_back(std::deque<Task> tasks) {
  if (tasks.empty()) return;
  const std::lock_guard lock(mutex_);
  posted_.insert(posted_.begin(), std::make_move_iterator(tasks.begin()), std::make_move_iterator(tasks.end()));
  ring();
}

void Mailbox::ring() const {
  // It cannot overflow: a batch rings at most twice before it is read.
  if (::eventfd_write(wake_.get(), 1) < 0) throw_errno("write the eventfd of the selector");
}

}  // namespace wirelab
