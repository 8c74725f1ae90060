#include "lab/services/file_protocol.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace wirelab {
namespace {

constexpr std::string_view none = "none";
constexpr std::string_view later = "later";
constexpr std::size_t id_size = 32;
constexpr std::size_t longest_why = 1000;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<Sha256> read_digest(std::string_view text) {
  Sha256 digest{};
  if (text.size() != 2 * digest.size() || !is_hex(text)) return std::nullopt;
  std::ranges::copy(from_hex(text).value(), digest.begin());
  return digest;
}

std::string digest_text(const std::optional<Sha256>& digest) { return digest ? to_hex(*digest) : std::string(none); }

// Two fields of one key may be read differently by two programs; none of ours is that.
bool says_twice(const Message& message) {
  const auto fields = message.fields();
  for (auto field = fields.begin(); field != fields.end(); ++field) {
    if (std::any_of(fields.begin(), field, [&](const Field& other) { return other.key == field->key; })) return true;
  }
  return false;
}

std::optional<std::uint64_t> size_field(const Message& message, std::string_view key) {
  const auto number = message.number(key);
  return number && *number <= largest_file ? number : std::nullopt;
}

std::optional<DigestPlan> digest_field(const Message& message) {
  const auto text = message.value("sha256");
  if (!text) return std::nullopt;
  if (*text == none) return DigestPlan{.wanted = false, .known = std::nullopt};
  if (*text == later) return DigestPlan{};
  const auto known = read_digest(*text);
  return known ? std::optional(DigestPlan{.wanted = true, .known = known}) : std::nullopt;
}

std::optional<std::string> id_field(const Message& message) {
  const auto id = message.value("id");
  return id && id->size() == id_size && is_hex(*id) ? std::optional(std::string(*id)) : std::nullopt;
}

}  // namespace

std::variant<FileOffer, FileFault> read_offer(const Message& message) {
  if (message.type != "offer") return FileFault{"this is no offer"};
  if (says_twice(message)) return FileFault{"a key is given twice"};
  const auto name = message.value("name");
  const auto size = size_field(message, "size");
  const auto blocks = message.number("blocks");
  const auto mtime = size_field(message, "mtime");
  const auto digest = digest_field(message);
  const auto id = id_field(message);
  if (!name) return FileFault{"there is no name"};
  if (!size) return FileFault{"size is no number below 2^63"};
  if (!blocks) return FileFault{"blocks is no number"};
  if (!mtime) return FileFault{"mtime is no number below 2^63"};
  if (!digest) return FileFault{"sha256 is neither 64 hexadecimal digits nor later nor none"};
  if (!id) return FileFault{"id is not 32 hexadecimal digits"};
  const auto resume = message.value("resume").value_or("yes");
  if (resume != "yes" && resume != "no") return FileFault{"resume is neither yes nor no"};
  FileOffer offer{std::string(*name), *size, *mtime, *digest, *id, resume == "yes"};
  if (*blocks != offer.blocks()) return FileFault{"blocks does not fit size"};
  return offer;
}

std::variant<FileAccept, FileFault> read_accept(const Message& message, std::uint64_t size) {
  if (message.type != "accept" || says_twice(message)) return FileFault{"this is no answer to an offer"};
  const auto from = size_field(message, "from");
  const auto prefix = message.value("prefix");
  if (!from || *from > size) return FileFault{"from is no number up to the size"};
  if (!prefix || (*from == 0) != (*prefix == none)) return FileFault{"prefix does not fit from"};
  FileAccept accept{.from = *from, .prefix = read_digest(*prefix)};
  if (*from != 0 && !accept.prefix) return FileFault{"prefix is not 64 hexadecimal digits"};
  return accept;
}

std::variant<FileWithdrawal, FileFault> read_withdrawal(const Message& message) {
  const auto id = id_field(message);
  if (message.type != "withdraw" || says_twice(message) || !id) return FileFault{"this is no withdrawal"};
  return FileWithdrawal{*id, read_why(message)};
}

std::variant<std::optional<Sha256>, FileFault> read_done(const Message& message) {
  const auto text = message.value("sha256");
  if (message.type != "done" || says_twice(message) || !text) return FileFault{"this is not done"};
  if (*text == none) return std::optional<Sha256>();
  const auto digest = read_digest(*text);
  if (!digest) return FileFault{"sha256 is neither 64 hexadecimal digits nor none"};
  return digest;
}

std::string read_why(const Message& message) {
  const auto why = message.value("why");
  return why && !why->empty() ? std::string(*why) : "without a reason";
}

Bytes encode_offer(const FileOffer& offer) {
  const auto name = as_field_value(offer.name);
  const auto size = fmt::to_string(offer.size);
  const auto blocks = fmt::to_string(offer.blocks());
  const auto mtime = fmt::to_string(offer.mtime);
  const auto digest = offer.digest.wanted && !offer.digest.known ? std::string(later) : digest_text(offer.digest.known);
  const Field fields[] = {{"name", name},     {"size", size},   {"blocks", blocks}, {"mtime", mtime},
                          {"sha256", digest}, {"id", offer.id}, {"resume", "no"}};
  // To go on where an earlier attempt ended is the rule, and not worth a field.
  return encode_message("offer", FieldList(fields, std::size(fields) - (offer.resume ? 1 : 0)));
}

Bytes encode_accept(const FileAccept& accept) {
  const auto from = fmt::to_string(accept.from);
  const auto prefix = digest_text(accept.prefix);
  return encode_message("accept", {{"from", from}, {"prefix", prefix}});
}

Bytes encode_done(const std::optional<Sha256>& sha256) {
  const auto digest = digest_text(sha256);
  return encode_message("done", {{"sha256", digest}});
}

Bytes encode_verified(std::string_view name) { return encode_message("verified", {{"name", as_field_value(name)}}); }

Bytes encode_withdrawal(const FileWithdrawal& withdrawal) {
  const auto why = as_field_value(withdrawal.why);
  return encode_message("withdraw", {{"id", withdrawal.id}, {"why", why}});
}

Bytes encode_why(std::string_view type, std::string_view why, bool passing) {
  const auto text = as_field_value(why.substr(0, longest_why));
  const Field fields[] = {{"why", text}, {"retry", "yes"}};
  return encode_message(type, FieldList(fields, passing ? 2 : 1));
}

bool is_passing(const Message& message) { return message.value("retry") == "yes"; }

}  // namespace wirelab
