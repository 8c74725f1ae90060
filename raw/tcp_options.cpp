#include "raw/tcp_options.hpp"

#include <stdexcept>

namespace wirelab::raw {
namespace {

enum Kind : std::uint8_t { end = 0, nop = 1, mss = 2, window_scale = 3, sack_permitted = 4, sack = 5, timestamps = 8 };
constexpr std::size_t block_size = 8;
constexpr std::size_t head_size = 2;  // kind and length

std::vector<SequenceRange> read_blocks(ByteView data) {
  std::vector<SequenceRange> blocks;
  for (; data.size() >= block_size; data = data.subspan(block_size))
    blocks.push_back({{load_be32(data.data())}, {load_be32(&data[4])}});
  return blocks;
}

void read_one(std::uint8_t kind, ByteView data, TcpOptions& into) {
  if (kind == mss && data.size() == 2) {
    into.mss = load_be16(data.data());
  } else if (kind == window_scale && data.size() == 1) {
    into.window_scale = data[0];
  } else if (kind == sack_permitted && data.empty()) {
    into.sack_permitted = true;
  } else if (kind == sack && !data.empty() && data.size() % block_size == 0) {
    into.sack = read_blocks(data);
  } else if (kind == timestamps && data.size() == 8) {
    into.timestamps = {load_be32(data.data()), load_be32(&data[4])};
  } else {
    into.others.push_back({kind, copy_of(data)});
  }
}

class Writer {
 public:
  // `padding` is how many bytes that mean nothing go before, so that the numbers lie on words.
  Writer& option(std::uint8_t kind, std::size_t size, std::size_t padding) {
    bytes_.insert(bytes_.end(), padding, nop);
    bytes_.push_back(kind);
    bytes_.push_back(static_cast<std::uint8_t>(size + head_size));
    return *this;
  }
  Writer& put8(std::uint8_t value) {
    bytes_.push_back(value);
    return *this;
  }
  Writer& put16(std::uint16_t value) {
    return put8(static_cast<std::uint8_t>(value >> 8)).put8(static_cast<std::uint8_t>(value));
  }
  Writer& put32(std::uint32_t value) {
    return put16(static_cast<std::uint16_t>(value >> 16)).put16(static_cast<std::uint16_t>(value));
  }
  Bytes finish() {
    while (bytes_.size() % 4 != 0) bytes_.push_back(end);
    if (bytes_.size() > max_tcp_options) throw std::logic_error("the options of a TCP header take at most 40 bytes");
    return std::move(bytes_);
  }

 private:
  Bytes bytes_;
};

}  // namespace

std::variant<TcpOptions, Malformed> read_tcp_options(ByteView bytes) {
  TcpOptions options;
  for (std::size_t at = 0; at < bytes.size() && bytes[at] != end;) {
    if (bytes[at] == nop) {
      ++at;
      continue;
    }
    if (at + 1 == bytes.size()) return Malformed{"a TCP option without a length", at};
    const std::size_t size = bytes[at + 1];
    if (size < head_size) return Malformed{"a TCP option of less than two bytes", at + 1};
    if (size > bytes.size() - at) return Malformed{"a TCP option beyond the header", at + 1};
    read_one(bytes[at], bytes.subspan(at + head_size, size - head_size), options);
    at += size;
  }
  return options;
}

Bytes write_tcp_options(const TcpOptions& options) {
  Writer out;
  if (options.mss) out.option(mss, 2, 0).put16(*options.mss);
  // SACK permitted takes the place of the padding before the timestamps.
  const bool shared = options.sack_permitted && options.timestamps;
  if (shared) out.option(sack_permitted, 0, 0);
  if (options.timestamps)
    out.option(timestamps, 8, shared ? 0 : 2).put32(options.timestamps->value).put32(options.timestamps->echo);
  if (options.window_scale) out.option(window_scale, 1, 1).put8(*options.window_scale);
  if (options.sack_permitted && !shared) out.option(sack_permitted, 0, 2);
  if (!options.sack.empty()) {
    out.option(sack, options.sack.size() * block_size, 2);
    for (const auto& block : options.sack) out.put32(block.first.number).put32(block.end.number);
  }
  for (const auto& other : options.others) {
    out.option(other.kind, other.data.size(), 0);
    for (const auto byte : other.data) out.put8(byte);
  }
  return out.finish();
}

}  // namespace wirelab::raw
