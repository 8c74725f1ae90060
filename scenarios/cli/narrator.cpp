#include "scenarios/cli/narrator.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/text.hpp"
#include "scenarios/cli/quantity.hpp"
#include "scenarios/cli/table_text.hpp"

namespace wirelab::cli {
namespace {

double microseconds(Duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

// In lines that fit the terminal; the later ones begin with `indent` blanks, as the caller has begun the first.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  const auto lines = wrap(text, std::max(width, 2 * indent) - indent);
  return fmt::format("{}", fmt::join(lines, "\n" + std::string(indent, ' ')));
}

std::string listed(const std::vector<std::size_t>& frames, std::size_t most) {
  const auto shown = static_cast<std::ptrdiff_t>(std::min(frames.size(), most));
  return fmt::format("frame{} {}", frames.size() == 1 ? "" : "s",
                     fmt::join(frames.begin(), std::next(frames.begin(), shown), ", "));
}

// Many frames are counted, not listed; --json has them all.
std::string proof_of(const scenarios::Check& check) {
  constexpr std::size_t most = 8;
  const auto frames = frames_of(check);
  const bool examples = check.ok && check.counted && *check.counted > frames.size();
  if (examples) return fmt::format("{} looked at, e.g. {}", counted(*check.counted, "packet"), listed(frames, most));
  if (frames.empty()) return "";
  const auto rest = frames.size() > most ? fmt::format(" and {} more", frames.size() - most) : "";
  return listed(frames, most) + rest;
}

}  // namespace

void Narrator::listen_to(Journal& journal, scenarios::Stage& stage) {
  journal.on_step = [this](const Journal::Step& told) { step(told.text); };
  journal.on_note = [this](const Journal::Step& told) {
    if (!output_.quiet()) output_.line(fmt::format("    {}", told.text));
    output_.object({{"type", "note"}, {"text", told.text}});
  };
  stage.on_reply = [this](const scenarios::EchoReply& told) { tell_reply(output_, told); };
}

void Narrator::step(const std::string& text) {
  ++steps_;
  constexpr std::size_t indent = 4;
  if (!output_.quiet()) {
    const auto number = output_.style().bold(fmt::format("{:>2}.", steps_));
    output_.line(fmt::format("{} {}", number, wrapped(text, output_.terminal().width, indent)));
    output_.push();  // a step may take its time
  }
  output_.object({{"type", "step"}, {"number", steps_}, {"text", text}});
}

void Narrator::tables(const scenarios::Stage& stage) const {
  const auto& terminal = output_.terminal();
  for (const auto& table : stage.tables()) {
    output_.line("\n" + output_.style().bold(table.title));
    output_.text(draw_table(table, terminal.width, terminal.unicode));
    output_.object({{"type", "table"}, {"title", table.title}, {"columns", table.columns}, {"rows", table.rows}});
  }
}

void Narrator::verdict(const scenarios::Stage& stage) const {
  const auto& style = output_.style();
  constexpr std::size_t indent = 9;
  const auto add = [&](const std::string& text) { output_.line(style.faint(std::string(indent, ' ') + text)); };
  for (const auto& check : stage.checks()) {
    const auto mark = check.ok ? style.good("holds ") : style.bad("FAILED");
    output_.line(fmt::format("  {} {}", mark, wrapped(check.name, output_.terminal().width, indent)));
    if (!check.otherwise.empty()) add(check.otherwise);
    if (const auto proof = proof_of(check); !proof.empty()) add(proof);
  }
}

void tell_reply(const Output& output, const scenarios::EchoReply& reply) {
  const auto source = reply.by_capture ? "capture" : "kernel";
  if (!output.quiet()) {
    output.line(fmt::format("    reply from {}: seq {} ttl {} time {:.1f} us (by the {}'s stamps)", reply.from,
                            reply.sequence, reply.ttl, microseconds(reply.rtt), source));
  }
  output.object({{"type", "reply"},
                 {"from", reply.from.to_string()},
                 {"sequence", reply.sequence},
                 {"ttl", reply.ttl},
                 {"rtt_us", microseconds(reply.rtt)},
                 {"rtt_source", source}});
}

std::vector<std::size_t> frames_of(const scenarios::Check& check) {
  std::vector<std::size_t> frames;
  std::ranges::transform(check.evidence, std::back_inserter(frames), &capture::Packet::frame);
  std::ranges::sort(frames);
  frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
  return frames;
}

}  // namespace wirelab::cli
