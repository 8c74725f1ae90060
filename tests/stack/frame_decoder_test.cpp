#include "lab/stack/frame_decoder.hpp"

#include <algorithm>
#include <ostream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/allocations.hpp"

namespace wirelab {

void PrintTo(const FrameError& error, std::ostream* out) { *out << error.to_string(); }

namespace {

using testing::ElementsAre;

// The length of `header`, the header, and `content`.
std::string frame(std::string_view header, std::string_view content = "") {
  const auto length = static_cast<unsigned>(header.size());
  std::string text{static_cast<char>(length & 0xFF), static_cast<char>(length >> 8)};
  return text.append(header).append(content);
}

// All that a decoder tells, in copies: "header|content" for each frame, then an error.
struct Told {
  std::vector<std::string> frames;
  std::optional<FrameError> error;
  friend bool operator==(const Told&, const Told&) = default;
};

void drain(FrameDecoder& decoder, Told& told) {
  for (;;) {
    const auto next = decoder.next();
    if (const auto* error = std::get_if<FrameError>(&next)) told.error = *error;
    const auto* frame = std::get_if<Frame>(&next);
    if (frame == nullptr) return;
    told.frames.push_back(std::string(frame->header) + '|' + std::string(as_text(frame->content)));
  }
}

// Feeds copies that are gone before the next one, so that a view kept too long is found by the sanitizer.
Told decode(std::string_view stream, const std::vector<std::size_t>& cuts, const FrameLimits& limits = {}) {
  FrameDecoder decoder(limits);
  Told told;
  std::size_t begin = 0;
  const auto feed_until = [&](std::size_t end) {
    const auto chunk = copy_of(as_bytes(stream.substr(begin, end - begin)));
    decoder.feed(chunk);
    drain(decoder, told);
    begin = end;
  };
  for (const auto cut : cuts) feed_until(cut);
  feed_until(stream.size());
  if (!told.error) told.error = decoder.eof();
  return told;
}

std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t cut = 1; cut < size; ++cut) cuts.push_back(cut);
  return cuts;
}

const std::string conversation =
    frame("CL:7;type:message", "cwsdwed") + frame("CL:0") + frame("a:1;CL:3;b:x:y", std::string_view("\0;:", 3)) +
    frame("CL:20;k:", "01234567890123456789") + frame("\xC3\xAB:\xE5\x80\xBC;CL:1", "\xFF");

TEST(FrameDecoder, ReferenceFrame) {
  const auto bytes = from_hex("1100434c3a373b747970653a6d65737361676563777364776564");
  FrameDecoder decoder;
  decoder.feed(*bytes);
  const auto next = decoder.next();
  const auto& frame = std::get<Frame>(next);
  EXPECT_EQ(frame.header, "CL:7;type:message");
  EXPECT_EQ(frame.value("type"), "message");
  EXPECT_EQ(as_text(frame.content), "cwsdwed");
  EXPECT_EQ(std::get<FrameDecoder::Need>(decoder.next()).bytes, 2);
  EXPECT_EQ(decoder.eof(), std::nullopt);
}

TEST(FrameDecoder, SplitAtEveryByteGivesTheSameFrames) {
  const auto whole = decode(conversation, {});
  ASSERT_EQ(whole.frames.size(), 5);
  ASSERT_EQ(whole.error, std::nullopt);
  EXPECT_EQ(whole.frames[2], std::string("a:1;CL:3;b:x:y|") + std::string("\0;:", 3));
  EXPECT_EQ(decode(conversation, every_byte(conversation.size())), whole);
  for (std::size_t first = 0; first <= conversation.size(); ++first) {
    for (std::size_t second = first; second <= conversation.size(); ++second)
      ASSERT_EQ(decode(conversation, {first, second}), whole) << first << ' ' << second;
  }
}

// Each stream ends in an error: told with this offset, and as soon as the first `told_at` bytes are there.
TEST(FrameDecoder, Errors) {
  using enum FrameFault;
  struct Fact {
    std::string stream;
    FrameFault fault;
    std::uint64_t offset;
    std::size_t told_at;
  };
  const FrameLimits limits{.header = 40, .content = 100};
  const Fact facts[] = {
      // The header length.
      {"\x29" + std::string(1, '\0'), header_too_long, 0, 2},
      {"\xFF\xFF", header_too_long, 0, 2},
      {std::string("\0\x01", 2), header_too_long, 0, 2},
      // CL is there, once.
      {std::string(2, '\0'), no_length, 2, 2},
      {frame("a:1"), no_length, 5, 5},
      {frame("cl:1"), no_length, 6, 6},
      {frame("CL2:1"), no_length, 7, 7},
      {frame("a:CL:1"), no_length, 8, 8},
      {frame("CL:1;CL:1"), two_lengths, 7, 11},
      {frame("CL:1;a:b;CL:2"), two_lengths, 11, 15},
      // CL is a plain number.
      {frame("CL:"), bad_length, 5, 5},
      {frame("CL:;a:1"), bad_length, 5, 9},
      {frame("CL:+1"), bad_length, 5, 7},
      {frame("CL:-1"), bad_length, 5, 7},
      {frame("CL: 1"), bad_length, 5, 7},
      {frame("CL:1 "), bad_length, 6, 7},
      {frame("CL:1\r"), bad_length, 6, 7},
      {frame("CL:01"), bad_length, 5, 7},
      {frame("CL:00"), bad_length, 5, 7},
      {frame("CL:0x1"), bad_length, 6, 8},
      {frame("CL:1e1"), bad_length, 6, 8},
      {frame("CL:1.0"), bad_length, 6, 8},
      {frame("CL:1:2"), bad_length, 6, 8},
      {frame("CL:\xD9\xA1"), bad_length, 5, 7},
      {frame("CL:/"), bad_length, 5, 6},
      {frame(std::string("CL:1\0", 5)), bad_length, 6, 7},
      // CL is within the limit, however long the number.
      {frame("CL:101"), content_too_long, 5, 8},
      {frame("CL:1000"), content_too_long, 5, 9},
      {frame("a:1;CL:101;b:2"), content_too_long, 9, 16},
      {frame("CL:4294967296"), content_too_long, 5, 15},
      {frame("CL:18446744073709551616"), content_too_long, 5, 25},
      {frame("CL:184467440737095516170000000000000001"), content_too_long, 5, 41},
      // Pairs.
      {frame("CL:1;a"), no_colon, 7, 8},
      {frame("CL:1;"), no_colon, 7, 7},
      {frame("CL:1;;a:1"), no_colon, 7, 11},
      {frame(";CL:1"), no_colon, 2, 7},
      {frame(";"), no_colon, 2, 3},
      {frame("CL"), no_colon, 2, 4},
      {frame("a"), no_colon, 2, 3},
      {frame("CL:1;:v"), empty_key, 7, 9},
      {frame(":;CL:1"), empty_key, 2, 8},
      {frame(":"), empty_key, 2, 3},
      // UTF-8: judged before the pairs; each with its first bad byte.
      {frame("CL:1;a:\xFF"), not_utf8, 9, 10},
      {frame("\x80:1;CL:1"), not_utf8, 2, 10},
      {frame("CL:1;abcdefgh:\xC3"), not_utf8, 16, 17},
      {frame("CL:1;a:\xC0\xAF"), not_utf8, 9, 11},
      {frame("CL:1;a:\xED\xA0\x80"), not_utf8, 9, 12},
      {frame("CL:1;a:\xF4\x90\x80\x80"), not_utf8, 9, 13},
      {frame("CL:1;a:\xE5\x80;b:1"), not_utf8, 9, 15},
      {frame(";\xFF"), not_utf8, 3, 4},
      // Offsets count from the first byte of the stream.
      {frame("CL:3", "abc") + frame("CL:+1"), bad_length, 14, 16},
  };
  for (const auto& [stream, fault, offset, told_at] : facts) {
    SCOPED_TRACE(printable(stream));
    const FrameError error{fault, offset};
    const auto longer = stream + std::string(64, 'x');
    EXPECT_EQ(decode(longer, {}, limits).error, error);
    EXPECT_EQ(decode(longer, every_byte(stream.size()), limits).error, error);
    EXPECT_EQ(decode(stream.substr(0, told_at), {}, limits).error, error);
    const FrameError early{truncated, told_at - 1};
    EXPECT_EQ(decode(stream.substr(0, told_at - 1), {}, limits).error, early);
  }
}

// Most headers are judged 16 bytes at a time where as many lie behind them, and else byte by byte.
TEST(FrameDecoder, BothWaysToJudgeAHeaderAgree) {
  constexpr std::string_view pieces[] = {
      "CL:", "CL:0", "C", "L", ":", ";", ";CL:", "0", "7", "a", "key:value", "\xC3\xAB", "\xFF"};
  std::mt19937 random(2);
  std::size_t frames = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::string header = round % 4 == 0 ? "" : "CL:3";
    for (auto n = random() % 12; n > 0; --n) header += pieces[random() % std::size(pieces)];
    const auto stream = frame(header, std::string(80, 'x'));
    const auto by_lanes = decode(stream, {}, {.header = 80});
    const auto by_bytes = decode(stream, {2 + header.size()}, {.header = 80});
    ASSERT_EQ(by_lanes, by_bytes) << printable(header);
    frames += by_lanes.frames.size();
  }
  EXPECT_GT(frames, 500);
}

TEST(FrameDecoder, TheLastByteOfAHeaderOfAnySizeCounts) {
  for (std::size_t size = 8; size < 140; ++size) {
    const auto end_with = [size](char last) {
      return frame("CL:3;k:" + std::string(size - 8, 'v') + last, std::string(80, 'x'));
    };
    EXPECT_EQ(decode(end_with('v'), {}).frames.at(0).size(), size + 4) << size;
    EXPECT_EQ(decode(end_with(';'), {}).error, (FrameError{FrameFault::no_colon, size + 2})) << size;
    EXPECT_EQ(decode(end_with('\xFF'), {}).error, (FrameError{FrameFault::not_utf8, size + 1})) << size;
  }
}

TEST(FrameDecoder, LimitsAreInclusive) {
  const auto header = "CL:4;k:" + std::string(33, 'v');
  EXPECT_THAT(decode(frame(header, "1234"), {}, {.header = 40, .content = 4}).frames, ElementsAre(header + "|1234"));
  const auto longest = "CL:0;k:" + std::string(0xFFFF - 7, 'v');
  EXPECT_THAT(decode(frame(longest), {}, {.header = 0xFFFF}).frames, ElementsAre(longest + "|"));
  EXPECT_EQ(decode(frame("CL:16777217"), {}).error, (FrameError{FrameFault::content_too_long, 5}));
  EXPECT_EQ(decode(frame("CL:16777216"), {}).error, (FrameError{FrameFault::truncated, 13}));
  EXPECT_THROW(FrameDecoder({.content = ~std::size_t{0}}), std::logic_error);
}

TEST(FrameDecoder, TellsHowManyBytesItNeeds) {
  const auto stream = frame("CL:3", "abc");
  const std::size_t need[] = {2, 1, 4, 3, 2, 1, 3, 2, 1};
  FrameDecoder decoder;
  for (std::size_t at = 0; at < stream.size(); ++at) {
    const auto next = decoder.next();
    ASSERT_EQ(std::get<FrameDecoder::Need>(next).bytes, need[at]) << at;
    decoder.feed(as_bytes(stream).subspan(at, 1));
  }
  EXPECT_TRUE(std::holds_alternative<Frame>(decoder.next()));
}

TEST(FrameDecoder, EndInsideAFrameIsTruncated) {
  const auto stream = frame("CL:3", "abc") + frame("CL:3;k:v", "abc");
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    const bool clean = size == 0 || size == 9 || size == stream.size();
    const auto expected = clean ? std::nullopt : std::optional(FrameError{FrameFault::truncated, size});
    EXPECT_EQ(decode(stream.substr(0, size), {}).error, expected) << size;
  }
}

TEST(FrameDecoder, IsFinishedAfterAnError) {
  FrameDecoder decoder;
  decoder.feed(as_bytes("\xFF\xFF"));
  const FrameError error{FrameFault::header_too_long, 0};
  const auto good = frame("CL:0");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(std::get<FrameError>(decoder.next()), error);
    EXPECT_EQ(decoder.eof(), error);
    decoder.feed(as_bytes(good));
  }
}

// Also behind a frame that was split and had to be joined.
TEST(FrameDecoder, FramesThatLieWholeInAChunkAreNotCopied) {
  const auto split = frame("CL:5;k:v", "split");
  const auto chunk = split.substr(5) + conversation;
  FrameDecoder decoder;
  decoder.feed(as_bytes(split).first(5));
  EXPECT_TRUE(std::holds_alternative<FrameDecoder::Need>(decoder.next()));
  decoder.feed(as_bytes(chunk));
  EXPECT_EQ(as_text(std::get<Frame>(decoder.next()).content), "split");
  const auto* expected = chunk.data() + split.size() - 5;
  for (int i = 0; i < 5; ++i) {
    const auto next = decoder.next();
    const auto& frame = std::get<Frame>(next);
    EXPECT_EQ(frame.header.data(), expected + 2) << i;
    EXPECT_EQ(as_text(frame.content).data(), expected + 2 + frame.header.size()) << i;
    expected += 2 + frame.header.size() + frame.content.size();
  }
}

TEST(FrameDecoder, KeptBytesOutliveTheirOwner) {
  FrameDecoder decoder;
  Told told;
  {
    const Bytes gone = copy_of(as_bytes(conversation));
    decoder.feed(gone);
    EXPECT_TRUE(std::holds_alternative<Frame>(decoder.next()));
    decoder.keep();
  }
  drain(decoder, told);
  EXPECT_EQ(told.frames.size(), 4);
}

TEST(FrameDecoder, ChunksMayBeFedBeforeTheFirstIsDrained) {
  FrameDecoder decoder;
  Told told;
  for (std::size_t at = 0; at < conversation.size(); at += 3)
    decoder.feed(as_bytes(conversation).subspan(at, std::min<std::size_t>(3, conversation.size() - at)));
  decoder.feed(as_bytes(conversation));
  drain(decoder, told);
  EXPECT_EQ(told.frames.size(), 10);
  EXPECT_EQ(decoder.eof(), std::nullopt);
}

TEST(FrameDecoder, RandomFramesInRandomChunksComeBack) {
  std::mt19937 random(1);
  const auto below = [&random](std::size_t n) { return random() % n; };
  for (int round = 0; round < 200; ++round) {
    Bytes stream;
    std::vector<std::string> sent;
    for (std::size_t i = 0; i < 1 + below(8); ++i) {
      std::vector<std::string> texts;
      for (std::size_t n = 0; n < 2 * below(5); ++n) texts.push_back("t" + std::string(below(30), 'x'));
      std::vector<Field> fields;
      for (std::size_t n = 0; n + 1 < texts.size(); n += 2) fields.push_back({texts[n], texts[n + 1]});
      const std::string content(below(3) == 0 ? below(5000) : below(20), '\xA5');
      const auto begin = stream.size();
      append_frame(stream, fields, as_bytes(content));
      const std::string whole(as_text(ByteView(stream).subspan(begin)));
      sent.push_back(whole.substr(2, whole.size() - 2 - content.size()) + '|' + content);
    }
    std::vector<std::size_t> cuts;
    for (std::size_t cut = below(40); cut < stream.size(); cut += below(round % 2 == 0 ? 40 : 4000))
      cuts.push_back(cut);
    const auto told = decode(as_text(stream), cuts);
    ASSERT_EQ(told.frames, sent);
    ASSERT_EQ(told.error, std::nullopt);
  }
}

TEST(FrameDecoder, NoAllocationPerFrameInTheSteadyState) {
  FrameDecoder decoder;
  std::size_t frames = 0;
  const auto play = [&](std::size_t chunk_size) {
    for (std::size_t at = 0; at < conversation.size(); at += chunk_size) {
      decoder.feed(as_bytes(conversation).subspan(at, std::min(chunk_size, conversation.size() - at)));
      while (std::holds_alternative<Frame>(decoder.next())) ++frames;
    }
  };
  EXPECT_EQ(allocations_of([&] { play(conversation.size()); }).count, 0) << "in place from the first frame on";
  for (const std::size_t chunk_size : {1U, 7U, 30U}) {
    play(chunk_size);
    EXPECT_EQ(allocations_of([&] { play(chunk_size); }).count, 0) << chunk_size;
  }
  EXPECT_EQ(frames, 5 * 7);
}

TEST(FrameDecoder, KeepsTheMemoryWhileFramesAreLargeAndGivesItBackOnceTheyAreSmall) {
  const auto large = frame("CL:1000000", std::string(1'000'000, 'x'));
  const auto small = frame("CL:1", "x");
  FrameDecoder decoder;
  const auto take = [&](const std::string& text, std::size_t first) {
    decoder.feed(as_bytes(text).first(first));
    EXPECT_TRUE(std::holds_alternative<FrameDecoder::Need>(decoder.next()));
    decoder.keep();
    decoder.feed(as_bytes(text).subspan(first));
    EXPECT_TRUE(std::holds_alternative<Frame>(decoder.next()));
    EXPECT_TRUE(std::holds_alternative<FrameDecoder::Need>(decoder.next()));
    decoder.keep();
  };
  take(large, 10);
  EXPECT_EQ(allocations_of([&] { take(large, 10); }).count, 0U);
  EXPECT_EQ(allocations_of([&] { const auto copy = decoder; }).bytes, 0U) << "nothing of the frame is held";
  take(small, 1);
  EXPECT_GT(allocations_of([&] { take(large, 10); }).bytes, 1'000'000U) << "it was given back";
}

TEST(FrameDecoder, RefusesBeforeItBuffers) {
  const std::string flood(1 << 20, 'x');
  for (const auto& head : {std::string("\xFF\xFF"), frame("CL:999999999"), frame("CL:1;")}) {
    const auto stream = head + flood;
    FrameDecoder decoder;
    const auto taken = allocations_of([&] {
      decoder.feed(as_bytes(stream));
      EXPECT_TRUE(std::holds_alternative<FrameError>(decoder.next()));
      decoder.feed(as_bytes(flood));
      decoder.keep();
    });
    EXPECT_EQ(taken.bytes, 0);
  }
}

TEST(FrameDecoder, AnnouncedContentIsNotAllocatedBeforeItComes) {
  FrameDecoder decoder;
  const auto head = frame("CL:16777216");
  const auto taken = allocations_of([&] {
    decoder.feed(as_bytes(head));
    EXPECT_TRUE(std::holds_alternative<FrameDecoder::Need>(decoder.next()));
  });
  EXPECT_LE(taken.bytes, 64);
}

TEST(DecodeDatagram, ExactlyOneFrame) {
  using enum FrameFault;
  struct Fact {
    std::string datagram;
    std::optional<FrameError> error;
  };
  const Fact facts[] = {
      {frame("CL:7;type:message", "cwsdwed"), std::nullopt},
      {frame("CL:0"), std::nullopt},
      {frame("CL:1191", std::string(1191, 'c')), std::nullopt},
      {frame("CL:1192", std::string(1192, 'c')), FrameError{datagram_too_long, 1200}},
      {frame("CL:0;k:" + std::string(505, 'v')), std::nullopt},
      {frame("CL:0;k:" + std::string(506, 'v')), FrameError{header_too_long, 0}},
      {"", FrameError{truncated, 0}},
      {"\x04", FrameError{truncated, 1}},
      {frame("CL:0").substr(0, 5), FrameError{truncated, 5}},
      {frame("CL:3", "ab"), FrameError{truncated, 8}},
      {frame("CL:3", "abcd"), FrameError{trailing_bytes, 9}},
      {frame("CL:0") + frame("CL:0"), FrameError{trailing_bytes, 6}},
      {frame("CL:1201"), FrameError{content_too_long, 5}},
      {frame("a:1"), FrameError{no_length, 5}},
  };
  for (const auto& [datagram, error] : facts) {
    SCOPED_TRACE(printable(datagram));
    const auto result = decode_datagram(as_bytes(datagram));
    if (error) {
      ASSERT_TRUE(std::holds_alternative<FrameError>(result));
      EXPECT_EQ(std::get<FrameError>(result), *error);
    } else {
      ASSERT_TRUE(std::holds_alternative<Frame>(result));
      const auto& [header, content, whole] = std::get<Frame>(result);
      EXPECT_EQ(frame(header, as_text(content)), datagram);
      EXPECT_EQ(as_text(whole), datagram);
    }
  }
}

}  // namespace
}  // namespace wirelab
