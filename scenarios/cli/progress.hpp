// progress: how far transfers are, for the person who waits. A bar that redraws itself on a terminal, plain lines
// elsewhere, objects under --json.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "lab/services/file_progress.hpp"
#include "scenarios/cli/output.hpp"

namespace wirelab::cli {

// "a.iso  [#####-----]  50%  1.20 GB of 2.40 GB  1.10 GB/s  0:02 left", at most `width` cells; `what` is shortened,
// then the bar left out.
std::string bar_text(std::string_view what, const FileProgress& progress, std::size_t width);

// Speaks to stderr, at most so often as a person reads; nothing under --quiet.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(const Output& output);
  // Removes the bar.
  ~ProgressDisplay() { clear(); }
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // Of the transfer `id`; `name` as it came.
  void show(const std::string& id, std::string_view name, const FileProgress& progress);
  // It is over.
  void forget(const std::string& id);
  // Takes the bar away, so that something else can be said; it comes back with the next progress.
  void clear();
  // While a question stands there is no bar.
  void hold(bool on);

 private:
  struct Shown {
    std::string name;
    FileProgress progress;
    SteadyTime told;  // by a line or an object
  };
  void draw();

  const Output& output_;
  bool bar_ = false;  // stderr is a terminal that can move its cursor
  bool drawn_ = false;
  bool held_ = false;
  std::map<std::string, Shown> transfers_;  // by id
};

}  // namespace wirelab::cli
