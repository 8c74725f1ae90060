#include "lab/services/file_protocol.hpp"

#include <gtest/gtest.h>

#include "lab/stack/frame_decoder.hpp"

namespace wirelab {
namespace {

const std::string id(32, 'a');
const std::string digest(64, 'b');

// Reads `encoded` by `read`, as it would come from the wire.
template <class Read>
auto decoded(const Bytes& encoded, Read read) {
  FrameDecoder decoder(file_frame_limits);
  decoder.feed(encoded);
  const auto next = decoder.next();
  return read(std::get<Message>(read_message(std::get<Frame>(next))));
}

FileOffer some_offer() {
  return {.name = "a.iso", .size = 100'000, .mtime = 1'700'000'000'123'456'789, .digest = {}, .id = id};
}

TEST(FileProtocol, AnOfferComesBackAsItWas) {
  auto offer = some_offer();
  EXPECT_EQ(offer.blocks(), 4U);
  for (const auto& plan :
       {DigestPlan{}, DigestPlan{.wanted = false, .known = {}}, DigestPlan{.wanted = true, .known = Sha256{7}}}) {
    offer.digest = plan;
    offer.resume = !offer.resume;
    EXPECT_EQ(std::get<FileOffer>(decoded(encode_offer(offer), read_offer)), offer);
  }
}

TEST(FileProtocol, AnOfferAsBytes) {
  auto offer = some_offer();
  offer.digest.wanted = false;
  EXPECT_EQ(as_text(encode_offer(offer)).substr(2),
            "CL:0;type:offer;name:a.iso;size:100000;blocks:4;mtime:1700000000123456789;sha256:none;id:" + id);
}

TEST(FileProtocol, WhatANameCannotHoldInAFieldIsReplaced) {
  auto offer = some_offer();
  offer.name = "a;b\xFF.txt";
  EXPECT_EQ(std::get<FileOffer>(decoded(encode_offer(offer), read_offer)).name, "a_b_.txt");
}

TEST(FileProtocol, BlocksAreOf32KiBAndTheLastMayBeShort) {
  struct Case {
    std::uint64_t size, blocks;
  };
  for (const auto [size, blocks] :
       {Case{0, 0}, Case{1, 1}, Case{32768, 1}, Case{32769, 2}, Case{largest_file, std::uint64_t{1} << 48}})
    EXPECT_EQ((FileOffer{.size = size}.blocks()), blocks) << size;
}

TEST(FileProtocol, EveryLieInAnOfferHasItsReason) {
  struct Case {
    std::string header, reason;
  };
  const auto good = "name:a;size:9;blocks:1;mtime:0;sha256:none;id:" + id;
  const auto with = [&](std::string_view old, std::string_view other) {
    auto text = good;
    return text.replace(text.find(old), old.size(), other);
  };
  const Case cases[] = {
      {with("name:a;", ""), "there is no name"},
      {with("size:9;", ""), "size is no number below 2^63"},
      {with("size:9", "size:-9"), "size is no number below 2^63"},
      {with("size:9", "size:+9"), "size is no number below 2^63"},
      {with("size:9", "size:09"), "size is no number below 2^63"},
      {with("size:9", "size:9223372036854775808"), "size is no number below 2^63"},
      {with("size:9", "size:99999999999999999999999"), "size is no number below 2^63"},
      {with("size:9", "size:0x9"), "size is no number below 2^63"},
      {with("size:9", "size:"), "size is no number below 2^63"},
      {with("blocks:1;", ""), "blocks is no number"},
      {with("blocks:1", "blocks:2"), "blocks does not fit size"},
      {with("blocks:1", "blocks:0"), "blocks does not fit size"},
      {with("mtime:0;", ""), "mtime is no number below 2^63"},
      {with("mtime:0", "mtime:1.5"), "mtime is no number below 2^63"},
      {with("sha256:none;", ""), "sha256 is neither 64 hexadecimal digits nor later nor none"},
      {with("sha256:none", "sha256:" + digest + "b"), "sha256 is neither 64 hexadecimal digits nor later nor none"},
      {with("sha256:none", "sha256:" + std::string(64, 'B')),
       "sha256 is neither 64 hexadecimal digits nor later nor none"},
      {with(id, "a"), "id is not 32 hexadecimal digits"},
      {with(id, std::string(32, 'g')), "id is not 32 hexadecimal digits"},
      {good + ";resume:maybe", "resume is neither yes nor no"},
      {good + ";name:b", "a key is given twice"},
  };
  for (const auto& [header, reason] : cases) {
    const Message message{.type = "offer", .frame = {.header = header, .content = {}}};
    EXPECT_EQ(std::get<FileFault>(read_offer(message)).reason, reason) << header;
  }
  const auto more = good + ";colour:blue;resume:no";
  EXPECT_TRUE(
      std::holds_alternative<FileOffer>(read_offer({.type = "offer", .frame = {.header = more, .content = {}}})));
  EXPECT_TRUE(
      std::holds_alternative<FileFault>(read_offer({.type = "order", .frame = {.header = good, .content = {}}})));
}

TEST(FileProtocol, AnAnswerSaysFromWhereOnAndProvesWhatIsThere) {
  struct Case {
    std::string header;
    bool good;
  };
  const Case cases[] = {
      {"from:0;prefix:none", true},
      {"from:5;prefix:" + digest, true},
      {"from:9;prefix:" + digest, true},
      {"from:10;prefix:" + digest, false},
      {"from:0;prefix:" + digest, false},
      {"from:5;prefix:none", false},
      {"from:-1;prefix:none", false},
      {"from:5", false},
      {"prefix:none", false},
      {"from:5;prefix:abc", false},
      {"from:0;from:0;prefix:none", false},
  };
  for (const auto& [header, good] : cases) {
    const Message message{.type = "accept", .frame = {.header = header, .content = {}}};
    EXPECT_EQ(std::holds_alternative<FileAccept>(read_accept(message, 9)), good) << header;
  }
  const FileAccept accept{.from = 5, .prefix = Sha256{1, 2, 3}};
  const auto read = [](const Message& message) { return read_accept(message, 9); };
  EXPECT_EQ(std::get<FileAccept>(decoded(encode_accept(accept), read)), accept);
  EXPECT_EQ(std::get<FileAccept>(decoded(encode_accept({}), read)), FileAccept{});
}

TEST(FileProtocol, TheLastWords) {
  EXPECT_EQ(std::get<0>(decoded(encode_done(Sha256{9}), read_done)), Sha256{9});
  EXPECT_EQ(std::get<0>(decoded(encode_done(std::nullopt), read_done)), std::nullopt);
  const auto withdrawal = std::get<FileWithdrawal>(decoded(encode_withdrawal({id, "it shrank; so"}), read_withdrawal));
  EXPECT_EQ(withdrawal.id, id);
  EXPECT_EQ(withdrawal.why, "it shrank_ so");
  EXPECT_EQ(decoded(encode_why("refuse", "no space"), read_why), "no space");
  EXPECT_EQ(decoded(encode_message("refuse"), read_why), "without a reason");
  EXPECT_EQ(decoded(encode_why("failed", std::string(100'000, 'x')), read_why).size(), 1000U);
}

}  // namespace
}  // namespace wirelab
