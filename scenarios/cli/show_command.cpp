// wirelab show: any capture file, a line a packet, or as a ladder.
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "capture/capture_file.hpp"
#include "capture/decode.hpp"
#include "capture/describe.hpp"
#include "capture/ladder.hpp"
#include "capture/scene.hpp"
#include "lab/base/error.hpp"
#include "scenarios/cli/command.hpp"

namespace wirelab::cli {
namespace {

using capture::CaptureFile;
using capture::Packet;

std::string seconds(Duration duration) {
  constexpr std::int64_t nanoseconds = 1'000'000'000;
  const auto count = duration.count();
  return fmt::format("{}.{:09}", count / nanoseconds, std::abs(count % nanoseconds));
}

std::string text_of(const CaptureFile& file, const Packet& packet) {
  return capture::describe(capture::decode(packet, file.info.taps.at(packet.tap).link));
}

std::uint64_t dropped(const CaptureFile& file) {
  return std::accumulate(file.statistics.begin(), file.statistics.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& tap) { return sum + tap.dropped.value_or(0); });
}

void show_line(const Output& output, const CaptureFile& file, const Packet& packet) {
  const auto& style = output.style();
  for (const auto& comment : packet.comments) output.line(style.faint("        # " + printable(comment)));
  const auto since = packet.stamp - file.packets.front().stamp;
  const auto origin = packet.origin == capture::Origin::unknown ? "" : capture::name_of(packet.origin);
  output.line(fmt::format("{:>6} {:>12.6f} {:<10} {:<6} {}", packet.frame, std::chrono::duration<double>(since).count(),
                          printable(file.info.taps.at(packet.tap).name), origin, text_of(file, packet)));
}

nlohmann::json packet_as_json(const CaptureFile& file, const Packet& packet) {
  nlohmann::json json{{"type", "packet"},
                      {"frame", packet.frame},
                      {"time", seconds(packet.stamp.time_since_epoch())},
                      {"length", packet.original_length},
                      {"text", text_of(file, packet)}};
  if (const auto& tap = file.info.taps.at(packet.tap).name; !tap.empty()) json["tap"] = tap;
  if (packet.direction != capture::Direction::unknown) json["direction"] = capture::name_of(packet.direction);
  if (packet.origin != capture::Origin::unknown) json["origin"] = capture::name_of(packet.origin);
  if (packet.id != 0) json["id"] = packet.id;
  if (!packet.comments.empty()) json["comments"] = packet.comments;
  return json;
}

nlohmann::json result_as_json(const std::string& path, const CaptureFile& file) {
  nlohmann::json json{{"type", "result"},
                      {"file", path},
                      {"ok", !file.malformed},
                      {"packets", file.packets.size()},
                      {"dropped", dropped(file)}};
  if (file.malformed) json["malformed"] = {{"reason", file.malformed->reason}, {"offset", file.malformed->offset}};
  return json;
}

void show_packets(const Output& output, const CaptureFile& file) {
  for (const auto& packet : file.packets) {
    if (output.json()) {
      output.object(packet_as_json(file, packet));
    } else {
      show_line(output, file, packet);
    }
  }
}

void show_picture(const Invocation& call, const CaptureFile& file, bool mermaid) {
  const auto packets = capture::pointers_to(file.packets);
  const bool fold = !call.values.contains("unfold");
  const auto& [width, color, unicode] = call.output.terminal();
  call.output.text(mermaid ? capture::to_mermaid(file.info, packets, fold)
                           : capture::draw_ladder(file.info, packets, {width, unicode, color, fold}));
}

ExitCode show(const Invocation& call) {
  const auto& path = call.arguments[0];
  const auto format = call.values["format"].as<std::string>();
  if (format != "text" && format != "mermaid")
    throw BadInput(fmt::format("there is no format '{}'\nit takes text or mermaid", format));
  const auto file = capture::load_capture(path);
  const bool picture = format == "mermaid" || call.values.contains("ladder");
  if (picture && !call.output.json()) {
    show_picture(call, file, format == "mermaid");
  } else {
    show_packets(call.output, file);
  }
  if (const auto lost = dropped(file); lost > 0) call.output.talk(fmt::format("the capture lost {} packets", lost));
  call.output.object(result_as_json(path, file));
  if (!file.malformed) return ExitCode::ok;
  call.output.talk(fmt::format("wirelab: {} is not whole: {} (at byte {})\n  what lies before is shown: {} packets",
                               path, file.malformed->reason, file.malformed->offset, file.packets.size()));
  return ExitCode::check_failed;
}

po::options_description show_options() {
  po::options_description options("Of the picture");
  auto add = options.add_options();
  add("ladder", "draw the ladder instead of a line a packet");
  add("unfold", "draw every packet, also those that else share a row");
  add("format", po::value<std::string>()->default_value("text")->value_name("text|mermaid"),
      "mermaid: to paste into documents");
  return options;
}

}  // namespace

Command show_command() {
  return {.name = "show",
          .arguments = "FILE",
          .summary = "any pcap or pcapng file: a line a packet, or the ladder",
          .options = show_options,
          .least_arguments = 1,
          .most_arguments = 1,
          .run = show};
}

}  // namespace wirelab::cli
