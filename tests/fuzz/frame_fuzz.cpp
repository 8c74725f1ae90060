// The frame codec: any bytes, in any chunks, give the same frames and the same error; what was decoded encodes and
// decodes to the same again.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "lab/stack/frame_decoder.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace wirelab {
namespace {

constexpr FrameLimits limits{.header = 300, .content = 5000};

struct Copy {
  std::string header;
  Bytes content;
  friend bool operator==(const Copy&, const Copy&) = default;
};

struct Told {
  std::vector<Copy> frames;
  std::optional<FrameError> error;
  friend bool operator==(const Told&, const Told&) = default;
};

// Feeds pieces of the sizes that `size_of_next` gives, in buffers of their own: a view kept too long is found by ASan.
template <class SizeOfNext>
Told decode(ByteView stream, SizeOfNext size_of_next) {
  FrameDecoder decoder(limits);
  Told told;
  while (!stream.empty() && !told.error) {
    const auto size = std::min<std::size_t>(size_of_next(), stream.size());
    const auto piece = copy_of(stream.first(size));
    stream = stream.subspan(size);
    decoder.feed(piece);
    for (;;) {
      const auto next = decoder.next();
      if (const auto* error = std::get_if<FrameError>(&next)) told.error = *error;
      const auto* frame = std::get_if<Frame>(&next);
      if (frame == nullptr) break;
      told.frames.push_back({std::string(frame->header), copy_of(frame->content)});
    }
  }
  if (!told.error) told.error = decoder.eof();
  return told;
}

// Encoding puts CL first, and keeps everything else.
void check_encoding(const Copy& copy) {
  const Frame frame{copy.header, copy.content};
  const std::vector<Field> fields{frame.fields().begin(), frame.fields().end()};
  const auto encoded = encode_frame(fields, frame.content, limits);
  require(encoded.size() == 2 + copy.header.size() + copy.content.size(), "encoding changes the size");
  const auto again = decode(encoded, [&] { return encoded.size(); });
  require(!again.error && again.frames.size() == 1 && again.frames[0].content == copy.content, "encoded, but no frame");
  const FieldRange fields_again(again.frames[0].header);
  require(std::ranges::equal(fields, fields_again), "encoding changes the fields");
  if (copy.header.starts_with("CL:")) require(again.frames[0].header == copy.header, "encoding changes the header");
}

void check_datagram(ByteView input) {
  const auto result = decode_datagram(input);
  if (const auto* error = std::get_if<FrameError>(&result)) {
    require(error->offset <= input.size(), "an offset beyond the datagram");
  } else {
    const auto& frame = std::get<Frame>(result);
    require(2 + frame.header.size() + frame.content.size() == input.size(), "a frame that is not the whole datagram");
    require(frame.content.empty() || &frame.content.back() == &input.back(), "a datagram was copied");
  }
}

}  // namespace
}  // namespace wirelab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wirelab;
  const ByteView input(data, size);
  auto random = random_for(input);
  const auto whole = decode(input, [&] { return size; });
  require(decode(input, [] { return 1U; }) == whole, "byte by byte tells something else");
  require(decode(input, [&] { return 1 + random() % 64; }) == whole, "a split tells something else");
  require(!whole.error || whole.error->offset <= size, "an offset beyond the stream");
  for (const auto& frame : whole.frames) check_encoding(frame);
  check_datagram(input);
  return 0;
}
