#include "scenarios/cli/line_reader.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <unistd.h>

#include "lab/base/error.hpp"

namespace wirelab::cli {

LineReader::LineReader(Selector& loop, int fd, Events events)
    : loop_(loop), fd_(fd), events_(std::move(events)), token_(loop.add(fd, {}, [this](Ready) { read(); })) {}

LineReader::~LineReader() {
  loop_.cancel(timer_);
  loop_.remove(token_);
}

void LineReader::resume() {
  if (!std::exchange(paused_, false)) return;
  if (!ended_) loop_.modify(token_, {.read = true});
  timer_ = loop_.after(Duration::zero(), [this] { give_lines(); });
}

void LineReader::pause() {
  paused_ = true;
  loop_.cancel(timer_);
  if (!ended_) loop_.modify(token_, {});
}

void LineReader::read() {
  std::array<char, 16384> piece{};
  const auto count = ::read(fd_, piece.data(), piece.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count > 0) {
    const std::string_view text(piece.data(), static_cast<std::size_t>(count));
    buffer_ += events_.edit ? events_.edit(text) : std::string(text);
  } else {
    // A terminal that is gone has no more lines either.
    if (count < 0 && errno != EIO) throw_errno("read the lines of standard input");
    ended_ = true;
    loop_.remove(token_);
  }
  give_lines();
}

void LineReader::give_lines() {
  std::size_t begin = 0;
  for (auto end = buffer_.find('\n'); !paused_ && end != buffer_.npos; end = buffer_.find('\n', begin)) {
    const auto line = buffer_.substr(begin, end - begin);
    begin = end + 1;
    give(line);
  }
  buffer_.erase(0, begin);
  if (!paused_ && buffer_.size() > longest) {
    if (!std::exchange(skipping_, true)) events_.on_too_long();
    buffer_.clear();
  }
  if (ended_ && !paused_) finish();
}

void LineReader::finish() {
  if (!buffer_.empty()) give(std::exchange(buffer_, {}));
  if (!paused_ && !std::exchange(finished_, true)) events_.on_end();
}

void LineReader::give(std::string_view line) {
  if (std::exchange(skipping_, false)) return;
  if (line.size() > longest) return events_.on_too_long();
  if (line.ends_with('\r')) line.remove_suffix(1);
  events_.on_line(line);
}

}  // namespace wirelab::cli
