#include "lab/stack/frame_header.hpp"

#include <algorithm>
#include <optional>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace wirelab {
namespace {

constexpr std::string_view length_start = "CL:";

// The value of CL, which begins at `begin`.
FrameLength read_length(std::string_view header, std::size_t begin, std::size_t limit) {
  std::size_t length = 0;
  auto at = begin;
  for (; at < header.size() && header[at] >= '0' && header[at] <= '9'; ++at) {
    // No overflow: a limit is at most max_frame_content.
    if (length <= limit) length = length * 10 + static_cast<std::size_t>(header[at] - '0');
  }
  if (at == begin || (at < header.size() && header[at] != ';')) return FrameError{FrameFault::bad_length, at};
  if (header[begin] == '0' && at - begin > 1) return FrameError{FrameFault::bad_length, begin};
  if (length > limit) return FrameError{FrameFault::content_too_long, begin};
  return length;
}

// What is wrong with the key of the pair that begins at `begin`.
std::optional<FrameError> check_key(std::string_view header, std::size_t begin) {
  auto at = begin;
  while (at < header.size() && header[at] != ':' && header[at] != ';') ++at;
  if (at == header.size() || header[at] == ';') return FrameError{FrameFault::no_colon, begin};
  if (at == begin) return FrameError{FrameFault::empty_key, begin};
  return std::nullopt;
}

// Reads any header, its pairs from left to right.
FrameLength read_header(std::string_view header, std::size_t content_limit) {
  const auto good = utf8_prefix(header);
  if (good < header.size()) return FrameError{FrameFault::not_utf8, good};
  if (header.empty()) return FrameError{FrameFault::no_length, 0};
  std::optional<std::size_t> length;
  for (std::size_t begin = 0; begin <= header.size();) {
    if (const auto error = check_key(header, begin)) return *error;
    if (header.substr(begin).starts_with(length_start)) {
      if (length) return FrameError{FrameFault::two_lengths, begin};
      const auto read = read_length(header, begin + length_start.size(), content_limit);
      if (std::holds_alternative<FrameError>(read)) return read;
      length = std::get<std::size_t>(read);
    }
    begin = std::min(header.find(';', begin), header.size()) + 1;
  }
  if (!length) return FrameError{FrameFault::no_length, header.size()};
  return *length;
}

#ifdef __SSE2__
// Whether a header is right but for the value of CL, as most are: less than 64 bytes of ASCII, CL first, no other key
// with a 'C' in front. Costs a third of read_header, which decides where this says no. The header is the first `size`
// bytes; those behind it are loaded and ignored.
bool is_plain_header(ByteView bytes, std::size_t size) {
  constexpr std::size_t lane_size = 16;
  if (size >= 64 || bytes.size() < (size + lane_size - 1) / lane_size * lane_size) return false;
  if (!as_text(bytes.first(size)).starts_with(length_start)) return false;
  // A bit a byte, that of the first the lowest.
  std::uint64_t colons = 0;
  std::uint64_t semicolons = 0;
  std::uint64_t capital_cs = 0;
  std::uint64_t beyond_ascii = 0;
  for (std::size_t at = 0; at < size; at += lane_size) {
    const auto lane = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
    const auto bits = [at](__m128i found) {
      return std::uint64_t{static_cast<unsigned>(_mm_movemask_epi8(found))} << at;
    };
    colons |= bits(_mm_cmpeq_epi8(lane, _mm_set1_epi8(':')));
    semicolons |= bits(_mm_cmpeq_epi8(lane, _mm_set1_epi8(';')));
    capital_cs |= bits(_mm_cmpeq_epi8(lane, _mm_set1_epi8('C')));
    beyond_ascii |= bits(lane);
  }
  const auto end = std::uint64_t{1} << size;
  const auto inside = end - 1;
  const auto pair_ends = (semicolons & inside) | end;
  const auto separators = (colons & inside) | pair_ends;
  const auto pair_starts = (pair_ends << 1 | 1) & (inside | end);
  // A key is a run of ones here: its start, added, is carried into the separator behind it, which must be a colon.
  const auto behind_keys = ((~separators & inside) + pair_starts) & separators;
  const auto faults = (pair_starts & separators) | (behind_keys & pair_ends) | (beyond_ascii & inside) |
                      (pair_starts & ~std::uint64_t{1} & capital_cs & inside);
  return faults == 0;
}
#else
bool is_plain_header(ByteView, std::size_t) { return false; }
#endif

}  // namespace

FrameLength parse_frame_header(ByteView bytes, std::size_t size, std::size_t content_limit) {
  const auto header = as_text(bytes.first(size));
  if (is_plain_header(bytes, size)) return read_length(header, length_start.size(), content_limit);
  return read_header(header, content_limit);
}

}  // namespace wirelab
