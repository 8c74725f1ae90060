// What a sender and a receiver of files say to each other, as messages. Public, pure.
//
//   sender                                                                receiver
//     offer;name:a.iso;size:N;blocks:B;mtime:T;sha256:later;id:7f..  ──▶
//                                        ◀──  accept;from:OFFSET;prefix:DIGEST   or   refuse;why:...[;retry:yes]
//     ═══ N - OFFSET bytes, raw, unacknowledged; they end by their number ═══▶    (failed;why:... may come meanwhile)
//     done;sha256:DIGEST  ──▶
//                                        ◀──  verified;name:...   or   corrupt   or   failed;why:...
//
//   withdraw;id:7f..;why:...  ──▶   on a connection of its own: the sender cannot go on, for the file has changed
//
// The connection belongs to one file. A digest is SHA-256 in lower-case hexadecimal, or "none". Whoever reads gets a
// value or the reason why there is none; what it does not know in a message it leaves alone.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "lab/base/bytes.hpp"
#include "lab/stack/message.hpp"

namespace wirelab {

// No message of theirs has content.
inline constexpr FrameLimits file_frame_limits{.header = 4096, .content = 0};
inline constexpr std::uint64_t file_block = 32768;                       // in bytes: what `blocks` counts
inline constexpr std::uint64_t largest_file = std::uint64_t{INT64_MAX};  // in bytes: what off_t holds

using Sha256 = std::array<std::uint8_t, 32>;

// Whether `done` brings the digest of the whole file, and whether it is known already.
struct DigestPlan {
  bool wanted = true;
  std::optional<Sha256> known;
  friend bool operator==(const DigestPlan&, const DigestPlan&) = default;
};

struct FileOffer {
  std::string name;  // as it came: file_name_fault() judges it
  std::uint64_t size = 0;
  std::uint64_t mtime = 0;  // ns since 1970-01-01 UTC; 0 for what was before
  DigestPlan digest;
  std::string id;      // 32 hexadecimal digits: the same for every attempt to send this file, and for no other
  bool resume = true;  // may go on where an earlier attempt ended

  [[nodiscard]] std::uint64_t blocks() const { return size / file_block + (size % file_block != 0 ? 1 : 0); }
  friend bool operator==(const FileOffer&, const FileOffer&) = default;
};

// From where on, and the digest of what is there already; `prefix` is there unless `from` is 0.
struct FileAccept {
  std::uint64_t from = 0;
  std::optional<Sha256> prefix;
  friend bool operator==(const FileAccept&, const FileAccept&) = default;
};

struct FileWithdrawal {
  std::string id, why;
};

// Why a message is not what it says: "size is no number below 2^63". For the one who sent it.
struct FileFault {
  std::string_view reason;
  friend bool operator==(const FileFault&, const FileFault&) = default;
};

std::variant<FileOffer, FileFault> read_offer(const Message& message);
// `size` is that of the file.
std::variant<FileAccept, FileFault> read_accept(const Message& message, std::uint64_t size);
std::variant<FileWithdrawal, FileFault> read_withdrawal(const Message& message);
// Of `done`: the digest, nothing for "none".
std::variant<std::optional<Sha256>, FileFault> read_done(const Message& message);
// Of `refuse` and `failed`; some words even if there is none. As it came: printable() before a terminal sees it.
std::string read_why(const Message& message);

// What cannot stand in a field is replaced by '_' in names and reasons.
Bytes encode_offer(const FileOffer& offer);
Bytes encode_accept(const FileAccept& accept);
Bytes encode_done(const std::optional<Sha256>& sha256);
// With the name that the file has got, which need not be the one of the offer.
Bytes encode_verified(std::string_view name);
Bytes encode_withdrawal(const FileWithdrawal& withdrawal);
// `type` is "refuse" or "failed". With `passing` the reason may be gone in a moment: `retry:yes` is added.
Bytes encode_why(std::string_view type, std::string_view why, bool passing = false);
bool is_passing(const Message& message);

}  // namespace wirelab
