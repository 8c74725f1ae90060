#include "scenarios/cli/file_questions.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "scenarios/cli/quantity.hpp"

namespace wirelab::cli {

namespace {

constexpr std::string_view nobody = "nobody is there to be asked";

}  // namespace

void FileQuestions::ask(const Transfer& transfer) {
  if (nobody_there_) return events_.on_no(transfer.offer.id, nobody);
  asked_.push_back(transfer);
  if (asked_.size() == 1) ask_next();
}

void FileQuestions::forget(const std::string& id) {
  const auto gone = std::ranges::find(asked_, id, [](const Transfer& asked) { return asked.offer.id; });
  if (gone == asked_.end()) return;
  const bool was_asked = gone == asked_.begin();
  asked_.erase(gone);
  if (!was_asked) return;
  fmt::print(stderr, "(gone)\n");
  ask_next();
}

// In a turn of its own, and with a reader of its own: what was typed before the question stands there answers nothing.
void FileQuestions::ask_next() {
  loop_.cancel(question_);
  question_ = loop_.after(Duration::zero(), [this] { put_question(); });
}

void FileQuestions::put_question() {
  answers_.reset();
  display_.hold(!asked_.empty());
  if (asked_.empty()) return;
  const auto& [peer, offer] = asked_.front();
  (void)std::fflush(stdout);
  ::tcflush(STDIN_FILENO, TCIFLUSH);
  fmt::print(stderr, "Take '{}' ({}) from {}? [y/N] ", printable(offer.name), size_text(offer.size), peer.address);
  (void)std::fflush(stderr);
  answers_ = std::make_unique<LineReader>(
      loop_, STDIN_FILENO,
      LineReader::Events{.on_line = [this](std::string_view line) { on_answer(line == "y" || line == "yes"); },
                         .on_too_long = [this] { on_answer(false); },
                         .on_end = [this] { on_nobody(); }});
  answers_->resume();
}

void FileQuestions::on_answer(bool yes) {
  if (asked_.empty()) return;
  answers_->pause();
  const auto id = asked_.front().offer.id;
  asked_.pop_front();
  yes ? events_.on_yes(id) : events_.on_no(id, "it is not wanted");
  ask_next();
}

void FileQuestions::on_nobody() {
  nobody_there_ = true;
  for (const auto& [peer, offer] : std::exchange(asked_, {})) events_.on_no(offer.id, nobody);
  ask_next();
}

void FileQuestions::stop() {
  loop_.cancel(question_);
  answers_.reset();
  asked_.clear();
  display_.hold(true);
}

}  // namespace wirelab::cli
