#include "capture/stream_text.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "capture/payload_text.hpp"
#include "lab/stack/frame_decoder.hpp"

namespace wirelab::capture {
namespace {

// What is said of one segment, in the order of its bytes.
struct Parts {
  std::string end;                  // of a frame that began before
  std::vector<std::string> frames;  // that lie in it
  std::string beginning;            // of a frame that goes on
  std::string fault;
};

class StreamReader {
 public:
  StreamReader(const std::vector<Piece>& pieces, bool from_start)
      : pieces_(pieces), carried_(pieces.size()), parts_(pieces.size()), in_step_(from_start) {}

  std::vector<Carried> read() {
    std::vector<std::size_t> order(pieces_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [this](std::size_t index) { return pieces_[index].begin; });
    for (const auto index : order) read(index);
    leave_unfinished();
    for (std::size_t index = 0; index < pieces_.size(); ++index) compose(index);
    return std::move(carried_);
  }

 private:
  void read(std::size_t index);
  void read_frames(std::size_t index, ByteView bytes);
  void take(std::size_t index, const Frame& frame);
  void fail(std::size_t index, FrameFault fault);
  void leave_unfinished();
  void compose(std::size_t index);
  void fall_out_of_step() {
    in_step_ = false;
    decoder_.emplace();
    unfinished_.clear();
  }
  // How much of piece `index` belongs to what begins at frame_begin_.
  [[nodiscard]] std::uint64_t share(std::size_t index) const {
    const auto& piece = pieces_[index];
    return piece.begin + piece.bytes.size() - std::max(piece.begin, frame_begin_);
  }
  [[nodiscard]] bool begins_like_frame() const;

  const std::vector<Piece>& pieces_;
  std::vector<Carried> carried_;
  std::vector<Parts> parts_;
  std::optional<FrameDecoder> decoder_{std::in_place};
  bool in_step_;                         // with the sender: at_ is where a frame begins or goes on
  std::uint64_t at_ = 0;                 // all before was read
  std::uint64_t frame_begin_ = 0;        // of the frame that is read
  std::size_t needed_ = 0;               // at least so many bytes more for it
  std::size_t frames_ = 0;               // found so far
  std::vector<std::size_t> unfinished_;  // the pieces that hold its bytes so far
};

void StreamReader::read(std::size_t index) {
  const auto& piece = pieces_[index];
  const auto end = piece.begin + piece.bytes.size();
  if (end <= at_) return;
  if (piece.begin > at_) {
    leave_unfinished();
    fall_out_of_step();
    at_ = piece.begin;
  }
  const auto fresh = piece.bytes.subspan(at_ - piece.begin);
  if (unfinished_.empty()) frame_begin_ = at_;
  at_ = end;
  read_frames(index, fresh);
}

void StreamReader::read_frames(std::size_t index, ByteView bytes) {
  decoder_->feed(bytes);
  for (;;) {
    const auto next = decoder_->next();
    if (const auto* frame = std::get_if<Frame>(&next)) {
      take(index, *frame);
      continue;
    }
    if (const auto* error = std::get_if<FrameError>(&next)) return fail(index, error->fault);
    needed_ = std::get<FrameDecoder::Need>(next).bytes;
    // What may be anything is believed to be a frame's beginning only where one must be.
    if (!in_step_) return fall_out_of_step();
    if (frame_begin_ < at_) unfinished_.push_back(index);
    return decoder_->keep();
  }
}

void StreamReader::take(std::size_t index, const Frame& frame) {
  const auto size = frame.whole.size();
  auto& carried = carried_[index];
  in_step_ = true;
  ++frames_;
  for (const auto earlier : unfinished_) {
    const bool begins = earlier == unfinished_.front();
    parts_[earlier].beginning =
        fmt::format("{}{} of {} bytes of a frame", begins ? "first " : "", share(earlier), size);
    if (frame_begin_ <= pieces_[earlier].begin) carried_[earlier].part_of = frames_;
  }
  if (unfinished_.empty()) {
    parts_[index].frames.push_back(frame_text(frame));
  } else {
    const auto here = frame_begin_ + size - pieces_[index].begin;
    parts_[index].end = fmt::format("last {} of {} bytes of frame {}", here, size, frame_text(frame));
    if (here == pieces_[index].bytes.size()) {
      carried.part_of = frames_;
      carried.frame = frame_text(frame);
    }
  }
  const auto type = frame.value("type");
  const auto gist = type ? fmt::format("type:{}", printable(*type)) : "";
  carried.gist = !carried.ends || carried.gist == gist ? gist : "";
  carried.ends = true;
  unfinished_.clear();
  frame_begin_ += size;
}

bool StreamReader::begins_like_frame() const {
  const auto first = unfinished_.front();
  return looks_like_frame(pieces_[first].bytes.last(share(first)));
}

void StreamReader::fail(std::size_t index, FrameFault fault) {
  // Behind a frame in one segment there must be another; elsewhere it may be a file.
  const bool follows = in_step_ && frame_begin_ > pieces_[index].begin && unfinished_.empty();
  unfinished_.push_back(index);
  const bool was_meant = in_step_ && begins_like_frame();
  if (follows || was_meant)
    parts_[index].fault = fmt::format("{}no frame: {}", follows ? "then " : "", to_string(fault));
  fall_out_of_step();
}

// The end of the stream, or of what the trace has of it, in the middle of a frame.
void StreamReader::leave_unfinished() {
  if (unfinished_.empty() || !begins_like_frame()) return unfinished_.clear();
  const auto first = unfinished_.front();
  const auto bytes = pieces_[first].bytes.last(share(first));
  const std::size_t head = frame_prefix_size + load_le16(bytes.data());
  // The header tells the size; before it is whole, that is unknown.
  const auto there = at_ - frame_begin_;
  const auto whole = there >= head ? fmt::format("{}", there + needed_) : fmt::format("at least {}", head);
  for (const auto index : unfinished_) {
    const bool has_header = index == first && bytes.size() >= head;
    const auto header = has_header ? ' ' + header_text(as_text(bytes.subspan(frame_prefix_size, head - 2))) : "";
    parts_[index].beginning = fmt::format("{}{} of {} bytes of a frame{}, never completed",
                                          index == first ? "first " : "", share(index), whole, header);
  }
  unfinished_.clear();
}

void StreamReader::compose(std::size_t index) {
  constexpr std::size_t most_named = 2;
  const auto& parts = parts_[index];
  std::vector<std::string> texts;
  if (!parts.end.empty()) texts.push_back(parts.end);
  const auto& frames = parts.frames;
  for (std::size_t i = 0; i < frames.size() && frames.size() <= most_named; ++i) texts.push_back("frame " + frames[i]);
  if (frames.size() > most_named) texts.push_back(fmt::format("{} frames, first {}", frames.size(), frames.front()));
  if (!parts.beginning.empty()) texts.push_back(parts.beginning);
  if (!parts.fault.empty()) texts.push_back(parts.fault);
  auto& carried = carried_[index];
  carried.text = fmt::format("{}", fmt::join(texts, ", "));
  if (!texts.empty()) return;
  carried.text = http_text(pieces_[index].bytes);
  carried.ends = !carried.text.empty();
}

}  // namespace

std::vector<Carried> read_stream(const std::vector<Piece>& pieces, bool from_start) {
  return StreamReader(pieces, from_start).read();
}

}  // namespace wirelab::capture
