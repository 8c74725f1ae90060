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
  // Throws std::system_error if stdout did not take everything (a full disk, a reader that left).
  void flush() const;

  [[nodiscard]] bool json() const { return options_.json; }
  [[nodiscard]] bool quiet() const { return options_.quiet; }
  [[nodiscard]] bool verbose() const { return options_.verbose; }
  [[nodiscard]] const Terminal& terminal() const { return terminal_; }
  [[nodiscard]] const Style& style() const { return style_; }

 private:
  Terminal terminal_;
  Options options_;
  Style style_;
};

}  // namespace wirelab::cli
