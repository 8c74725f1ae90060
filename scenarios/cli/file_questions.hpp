// FileQuestions: asks the person at the terminal about one offered file after the other.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "lab/services/file_receiver.hpp"
#include "scenarios/cli/line_reader.hpp"
#include "scenarios/cli/progress.hpp"

namespace wirelab::cli {

// Questions go to stderr, answers are lines of standard input. While one stands there is no bar.
class FileQuestions {
 public:
  using Transfer = FileReceiver::Transfer;
  // Called from the loop only; of each offer that is not gone before, one.
  struct Events {
    std::function<void(const std::string& id)> on_yes;
    std::function<void(const std::string& id, std::string_view why)> on_no;
  };

  // The loop and the display outlive it.
  FileQuestions(Selector& loop, ProgressDisplay& display, Events events)
      : loop_(loop), display_(display), events_(std::move(events)) {}
  ~FileQuestions() { loop_.cancel(question_); }
  FileQuestions(const FileQuestions&) = delete;
  FileQuestions& operator=(const FileQuestions&) = delete;

  void ask(const Transfer& transfer);
  // Nobody waits for the answer any more.
  void forget(const std::string& id);
  [[nodiscard]] std::size_t size() const { return asked_.size(); }
  // No event follows.
  void stop();

 private:
  void ask_next();
  void put_question();
  void on_answer(bool yes);
  void on_nobody();

  Selector& loop_;
  ProgressDisplay& display_;
  Events events_;
  std::deque<Transfer> asked_;  // the first is on the screen
  bool nobody_there_ = false;   // standard input has ended
  Selector::TimerId question_;
  std::unique_ptr<LineReader> answers_;
};

}  // namespace wirelab::cli
