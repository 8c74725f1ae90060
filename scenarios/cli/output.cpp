#include "scenarios/cli/output.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "scenarios/cli/json_line.hpp"

namespace wirelab::cli {
namespace {

// Who does not hear the talk misses nothing that is data.
void say(std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace

void Output::write(std::string_view text) const {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() && error_ == 0) error_ = errno;
}

void Output::push() const {
  if (std::fflush(stdout) != 0 && error_ == 0) error_ = errno;
}

void Output::line(std::string_view text) const {
  if (!json()) write(fmt::format("{}\n", text));
}

void Output::text(std::string_view text) const {
  if (!json()) write(text);
}

void Output::object(const nlohmann::json& object) const {
  if (!json()) return;
  write(json_line(object));
  push();
}

void Output::talk(std::string_view text) const {
  if (quiet()) return;
  push();
  say(fmt::format("{}\n", text));
}

void Output::flush() const {
  push();
  if (error_ == 0 || error_ == EPIPE) return;
  throw Missing(fmt::format("cannot write to standard output: {}", std::generic_category().message(error_)));
}

}  // namespace wirelab::cli
