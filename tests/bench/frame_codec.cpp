// The frame codec: how fast it decodes and encodes, next to http-parser on messages of the same size with the same
// content; what it allocates; whether single bytes cost the same in small and large frames.
#include <string>
#include <vector>

#include <fmt/format.h>

#ifdef WIRELAB_HTTP_PARSER
#include <http_parser.h>
#endif

#include "lab/stack/frame_decoder.hpp"
#include "tests/bench/bench.hpp"
#include "tests/support/allocations.hpp"

namespace wirelab::bench {
namespace {

constexpr int rounds = 51;

// A frame of `size` bytes: four fields, the last of which fills it up.
Bytes frame_of(std::size_t size, const std::string& content) {
  const auto with_filler = [&content](const std::string& filler) {
    return encode_frame({{"type", "message"}, {"to", "B"}, {"x", filler}}, as_bytes(content));
  };
  return with_filler(std::string(size - with_filler("").size(), '.'));
}

Bytes repeated(ByteView message, std::size_t count) {
  Bytes all;
  for (std::size_t i = 0; i < count; ++i) all.insert(all.end(), message.begin(), message.end());
  return all;
}

// How many frames `decoder` finds in `bytes`, given in chunks of `chunk_size`.
std::size_t decode(FrameDecoder& decoder, ByteView bytes, std::size_t chunk_size) {
  std::size_t frames = 0;
  while (!bytes.empty()) {
    const auto size = std::min(chunk_size, bytes.size());
    decoder.feed(bytes.first(size));
    bytes = bytes.subspan(size);
    while (std::holds_alternative<Frame>(decoder.next())) ++frames;
  }
  return frames;
}

void expect(std::size_t messages, std::size_t count, const char* whose) {
  if (messages != count) throw std::logic_error(fmt::format("{} found {} of {} messages", whose, messages, count));
}

#ifdef WIRELAB_HTTP_PARSER
// A request with nothing in it that need not be.
std::string http_message(const std::string& content) {
  return fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}", content.size(), content);
}

std::size_t parse_http(ByteView bytes) {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_message_complete = [](http_parser* parser) {
    ++*static_cast<std::size_t*>(parser->data);
    return 0;
  };
  std::size_t messages = 0;
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = &messages;
  http_parser_execute(&parser, &settings, as_text(bytes).data(), bytes.size());
  return messages;
}

void compare_with_http_parser() {
  constexpr std::size_t count = 1000;
  fmt::print("{:>22} {:>10} {:>14} {:>8}\n", "bytes (content)", "frame ns", "http-parser ns", "ratio");
  for (const std::size_t content_size : {7U, 64U, 1024U}) {
    const std::string content(content_size, 'c');
    const auto request = http_message(content);
    const auto frames = repeated(frame_of(request.size(), content), count);
    const auto requests = repeated(as_bytes(request), count);
    const auto medians = alternate({{"frame",
                                     [&] {
                                       FrameDecoder decoder;
                                       expect(decode(decoder, frames, frames.size()), count, "the codec");
                                     }},
                                    {"http-parser", [&] { expect(parse_http(requests), count, "http-parser"); }}},
                                   rounds);
    fmt::print("{:>22} {:>10.1f} {:>14.1f} {:>8.1f}\n", fmt::format("{} ({})", request.size(), content_size),
               medians[0] / count, medians[1] / count, medians[1] / medians[0]);
  }
}
#else
void compare_with_http_parser() { fmt::print("no comparison: http-parser was not found (libhttp-parser-dev)\n"); }
#endif

void show_single_bytes() {
  fmt::print("\n{:>22} {:>10} {:>14}\n", "content, byte by byte", "ns a byte", "allocations");
  for (const std::size_t content_size : {64U, 1024U, 16384U}) {
    const std::string content(content_size, 'c');
    const auto frame = frame_of(content_size + 50, content);
    const auto count = std::size_t{400'000} / frame.size();
    const auto stream = repeated(frame, count);
    FrameDecoder decoder;
    const auto run = [&] { expect(decode(decoder, stream, 1), count, "the codec"); };
    const auto time = alternate({{"", run}}, rounds / 2)[0];
    fmt::print("{:>22} {:>10.2f} {:>14}\n", content_size, time / static_cast<double>(stream.size()),
               allocations_of(run).count);
  }
}

// One after the other, as a connection gives them: 16 KiB at a time, and nothing behind each.
void show_large_frames() {
  constexpr std::size_t read_size = std::size_t{16} << 10, count = 8;
  fmt::print("\n{:>22} {:>10} {:>14}\n", "content, 16 KiB reads", "GB/s", "allocations");
  for (const std::size_t kib : {60U, 100U, 1000U, 4000U}) {
    const auto frame = frame_of((kib << 10) + 50, std::string(kib << 10, 'c'));
    FrameDecoder decoder;
    const auto run = [&] {
      for (std::size_t i = 0; i < count; ++i) {
        expect(decode(decoder, frame, read_size), 1, "the codec");
        decoder.keep();
      }
    };
    const auto time = alternate({{"", run}}, rounds / 2)[0];
    fmt::print("{:>18} KiB {:>10.2f} {:>14}\n", kib, static_cast<double>(count * frame.size()) / time,
               allocations_of(run).count);
  }
}

void show_reference_frame() {
  constexpr std::size_t count = 2000;
  const auto content = as_bytes("cwsdwed");
  const auto frames = repeated(encode_frame({{"type", "message"}}, content), count);
  FrameDecoder in_place;
  FrameDecoder split;
  Bytes out;
  out.reserve(frames.size());
  const std::vector<Contender> contenders = {
      {"decode in place", [&] { expect(decode(in_place, frames, frames.size()), count, "the codec"); }},
      {"decode, 1448 at a time", [&] { expect(decode(split, frames, 1448), count, "the codec"); }},
      {"encode",
       [&] {
         out.clear();
         for (std::size_t i = 0; i < count; ++i) append_frame(out, {{"type", "message"}}, content);
       }},
  };
  const auto medians = alternate(contenders, rounds);
  fmt::print("\n{:>22} {:>10} {:>14}\n", "the reference frame", "ns", "allocations");
  for (std::size_t i = 0; i < contenders.size(); ++i)
    fmt::print("{:>22} {:>10.1f} {:>14}\n", contenders[i].name, medians[i] / count,
               allocations_of(contenders[i].run).count);
}

}  // namespace
}  // namespace wirelab::bench

int main() {
  wirelab::bench::compare_with_http_parser();
  wirelab::bench::show_single_bytes();
  wirelab::bench::show_large_frames();
  wirelab::bench::show_reference_frame();
}
