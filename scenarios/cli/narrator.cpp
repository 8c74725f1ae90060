#include "scenarios/cli/narrator.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace wirelab::cli {
namespace {

double microseconds(Duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

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
  if (!output_.quiet()) output_.line(fmt::format("{} {}", output_.style().bold(fmt::format("{:>2}.", steps_)), text));
  output_.object({{"type", "step"}, {"number", steps_}, {"text", text}});
}

void Narrator::verdict(const scenarios::Stage& stage) const {
  const auto& style = output_.style();
  for (const auto& check : stage.checks()) {
    const auto frames = frames_of(check);
    const auto mark = check.ok ? style.good("holds ") : style.bad("FAILED");
    const auto proof = frames.empty() ? "" : style.faint(fmt::format("  frames {}", fmt::join(frames, ", ")));
    output_.line(fmt::format("  {} {}{}", mark, check.name, proof));
    if (!check.otherwise.empty()) output_.line(fmt::format("         {}", check.otherwise));
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
  const auto repeated = std::ranges::unique(frames);
  frames.erase(repeated.begin(), repeated.end());
  return frames;
}

}  // namespace wirelab::cli
