#include "scenarios/cli/run_report.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "capture/output_file.hpp"
#include "scenarios/cli/narrator.hpp"

namespace wirelab::cli {
namespace {

// "run.pcapng" is "run"; another name stays whole.
std::string without_extension(const std::string& path) {
  for (const std::string_view extension : {".pcapng", ".pcap"}) {
    if (path.ends_with(extension)) return path.substr(0, path.size() - extension.size());
  }
  return path;
}

nlohmann::json check_as_json(const scenarios::Check& check) {
  nlohmann::json json{{"name", check.name}, {"ok", check.ok}, {"evidence", frames_of(check)}};
  if (check.counted) json["counted"] = *check.counted;
  if (!check.otherwise.empty()) json["found"] = check.otherwise;
  return json;
}

}  // namespace

std::exception_ptr RunReport::write_attachments() {
  const auto base = without_extension(files_.merged);
  std::exception_ptr error;
  for (const auto& attachment : stage_.attachments()) {
    try {
      capture::OutputFile file(base + attachment.suffix);
      file.write(as_bytes(attachment.content));
      written_.push_back({file.path(), attachment.shows});
    } catch (...) {
      if (!error) error = std::current_exception();
    }
  }
  return error;
}

std::string RunReport::where_to_look() {
  std::string text =
      fmt::format("\nTrace: {} ({} packets, {} lost)\n", files_.merged, trace_.packets().size(), trace_.lost());
  if (!files_.folder.empty()) text += fmt::format("One file a tap: {}\n", files_.folder);
  for (const auto& file : written_) text += fmt::format("{}: {}\n", file.shows, file.path);
  text += fmt::format(
      "  wirelab show {0}\n  wirelab show --ladder --unfold {0}\n"
      "  wireshark {0}      or: tshark -N n -r {0}\n",
      files_.merged);
  return text + filters_to_try();
}

std::string RunReport::filters_to_try() const {
  if (stage_.filters().empty()) return "";
  std::string text = "Display filters to try:\n";
  std::size_t widest = 0;
  for (const auto& filter : stage_.filters()) widest = std::max(widest, filter.expression.size());
  for (const auto& [expression, shows] : stage_.filters())
    text += fmt::format("  {}{:{}}{}\n", output_.style().accent(expression), "", widest - expression.size() + 2, shows);
  return text;
}

nlohmann::json RunReport::result(const std::string& scenario, std::uint64_t seed, bool interrupted) {
  auto checks = nlohmann::json::array();
  for (const auto& check : stage_.checks()) checks.push_back(check_as_json(check));
  nlohmann::json json{{"type", "result"},
                      {"scenario", scenario},
                      {"ok", !interrupted && stage_.all_hold()},
                      {"packets", trace_.packets().size()},
                      {"lost", trace_.lost()},
                      {"checks", std::move(checks)},
                      {"pcap", files_.merged},
                      {"seed", seed}};
  if (interrupted) json["interrupted"] = true;
  if (!files_.folder.empty()) json["pcap_dir"] = files_.folder;
  for (const auto& file : written_) json["files"].push_back(file.path);
  return json;
}

}  // namespace wirelab::cli
