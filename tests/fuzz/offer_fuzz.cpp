// What a receiver and a sender of files read: any frames give values that hold what they promise, or a reason; and what
// is read is written and read again as the same.
#include "lab/services/file_name.hpp"
#include "lab/services/file_protocol.hpp"
#include "lab/stack/frame_decoder.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace wirelab {
namespace {

void check_name(const std::string& name) {
  if (file_name_fault(name)) return;
  require(!name.empty() && name.size() <= longest_file_name, "a name of no good length");
  require(name[0] != '.' && name.find('/') == name.npos && name.find('\0') == name.npos, "a name that leads away");
  require(file_name_fault(part_name(name)).has_value(), "a part file that may be offered");
  require(part_name(name).size() <= longest_file_name, "a part name that is too long");
  require(!file_name_fault(numbered_name(name, 9999)), "a numbered name that may not be");
}

// The message of the one frame in `bytes`.
template <class Use>
void with_message(const Bytes& bytes, Use use) {
  FrameDecoder decoder(file_frame_limits);
  decoder.feed(bytes);
  const auto next = decoder.next();
  const auto* frame = std::get_if<Frame>(&next);
  require(frame != nullptr, "encoded, but no frame");
  use(std::get<Message>(read_message(*frame)));
}

void check_offer(const Message& message) {
  const auto read = read_offer(message);
  if (const auto* fault = std::get_if<FileFault>(&read)) return require(!fault->reason.empty(), "no reason");
  const auto& offer = std::get<FileOffer>(read);
  require(offer.size <= largest_file && offer.mtime <= largest_file, "a number out of range");
  require(offer.id.size() == 32, "an id that is none");
  check_name(offer.name);
  with_message(encode_offer(offer), [&](const Message& again) {
    require(std::get<FileOffer>(read_offer(again)) == offer, "an offer changes on its way");
  });
}

void check_answers(const Message& message) {
  constexpr std::uint64_t size = 100'000;
  const auto accept = read_accept(message, size);
  if (const auto* good = std::get_if<FileAccept>(&accept)) {
    require(good->from <= size && (good->from > 0) == good->prefix.has_value(), "an answer that makes no sense");
    with_message(encode_accept(*good), [&](const Message& again) {
      require(std::get<FileAccept>(read_accept(again, size)) == *good, "an answer changes on its way");
    });
  }
  const auto done = read_done(message);
  if (const auto* digest = std::get_if<std::optional<Sha256>>(&done)) {
    with_message(encode_done(*digest), [&](const Message& again) {
      require(std::get<std::optional<Sha256>>(read_done(again)) == *digest, "a digest changes on its way");
    });
  }
  require(!read_why(message).empty(), "no words");
  (void)read_withdrawal(message);
}

}  // namespace
}  // namespace wirelab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wirelab;
  const ByteView input(data, size);
  check_name(std::string(as_text(input)));
  FrameDecoder decoder(file_frame_limits);
  decoder.feed(input);
  for (;;) {
    const auto next = decoder.next();
    const auto* frame = std::get_if<Frame>(&next);
    if (frame == nullptr) return 0;
    const auto message = read_message(*frame);
    if (const auto* good = std::get_if<Message>(&message)) {
      check_offer(*good);
      check_answers(*good);
    }
  }
}
