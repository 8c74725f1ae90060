// Output: where words go. Data to stdout, talk to stderr; with --json every line of stdout is one JSON object.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "scenarios/cli/terminal.hpp"

namespace wirelab::cli {

class Output {
 public:
  struct Options {
    bool json = false;
    bool quiet = false;    // no talk, and of a run the result only
    bool verbose = false;  // also what select did, what was built
  };

  Output(Terminal terminal, Options options) : terminal_(terminal), options_(options), style_(terminal.color) {}

  // A line of data; nothing under --json.
  void line(std::string_view text) const;
  // Text that ends its own lines; nothing under --json.
  void text(std::string_view text) const;
  // One object a line; only under --json.
  void object(const nlohmann::json& object) const;
  // A line for the person who waits; nothing under --quiet.
  void talk(std::string_view text) const;
  // What was said so far reaches whoever reads now.
  void push() const;
  // push(), and throws Missing if stdout did not take everything (a full disk). A reader that left (show FILE | head)
  // has what it wanted: that is no error.
  void flush() const;

  [[nodiscard]] bool json() const { return options_.json; }
  [[nodiscard]] bool quiet() const { return options_.quiet; }
  [[nodiscard]] bool verbose() const { return options_.verbose; }
  [[nodiscard]] const Terminal& terminal() const { return terminal_; }
  [[nodiscard]] const Style& style() const { return style_; }

 private:
  void write(std::string_view text) const;

  Terminal terminal_;
  Options options_;
  Style style_;
  mutable int error_ = 0;  // errno of the first write that failed
};

}  // namespace wirelab::cli
