#include "scenarios/cli/output.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/error.hpp"

namespace wirelab::cli {
namespace {

void write(std::FILE* file, std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), file); }

}  // namespace

void Output::line(std::string_view text) const {
  if (!json()) write(stdout, fmt::format("{}\n", text));
}

void Output::text(std::string_view text) const {
  if (!json()) write(stdout, text);
}

void Output::object(const nlohmann::json& object) const {
  if (!json()) return;
  // Names of files and peers may be any bytes; what is no UTF-8 is replaced, so that the line stays valid JSON.
  write(stdout, object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  (void)std::fflush(stdout);
}

void Output::talk(std::string_view text) const {
  if (quiet()) return;
  (void)std::fflush(stdout);
  write(stderr, fmt::format("{}\n", text));
}

void Output::flush() const {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) throw_errno("write to standard output");
}

}  // namespace wirelab::cli
