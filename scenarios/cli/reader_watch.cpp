#include "scenarios/cli/reader_watch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenarios/cli/failure.hpp"

namespace wirelab::cli {
namespace {

// One that is open for reading as well has a reader for ever, and is readable when it holds something.
bool is_end_to_write(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) && (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
}

}  // namespace

// The writing end of a pipe is never readable, but in error, which counts as readable, without a reader.
ReaderWatch::ReaderWatch(Selector& loop) : loop_(loop) {
  if (!is_end_to_write(STDOUT_FILENO)) return;
  token_ = loop.add(STDOUT_FILENO, {.read = true}, [this](Ready) {
    loop_.remove(token_);
    throw ReaderLeft();
  });
}

}  // namespace wirelab::cli
