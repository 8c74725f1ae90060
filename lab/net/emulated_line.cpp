#include "lab/net/emulated_line.hpp"

#include <algorithm>
#include <cmath>

namespace wirelab {
namespace {

// FNV-1a: the same on every machine, unlike std::hash.
std::uint64_t hash_of(std::string_view text, std::uint64_t hash) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::mt19937_64 stream(std::string_view line, std::string_view impairment, std::uint64_t seed) {
  constexpr std::uint64_t offset = 0xcbf29ce484222325;
  const auto hash = hash_of(impairment, hash_of("/", hash_of(line, offset)));
  std::seed_seq sequence{seed, seed >> 32, hash, hash >> 32};
  return std::mt19937_64(sequence);
}

// From 0 up to, but without, 1. The library's distributions differ from one library to the next.
double draw(std::mt19937_64& stream) { return static_cast<double>(stream() >> 11) * 0x1p-53; }

bool happens(std::mt19937_64& stream, double share) { return draw(stream) < share; }

Duration nanoseconds(double count) { return Duration(std::llround(count)); }

}  // namespace

EmulatedLine::EmulatedLine(const Impairment& impairment, std::string_view name, std::uint64_t seed)
    : impairment_(impairment),
      loss_(stream(name, "loss", seed)),
      duplicate_(stream(name, "duplicate", seed)),
      reorder_(stream(name, "reorder", seed)),
      jitter_(stream(name, "jitter", seed)) {}

Passage EmulatedLine::enter(SteadyTime arrival, std::size_t size) {
  Passage passage;
  // Drawn for every frame, so that none of these shifts what the next one meets.
  const bool is_lost = happens(loss_, impairment_.loss);
  passage.duplicated = happens(duplicate_, impairment_.duplicate);
  passage.held_back = happens(reorder_, impairment_.reorder);
  const auto delay = draw_delay();
  if (!has_room(arrival, size)) return {.end = Passage::End::queue_full};
  const auto transmitted = transmit(arrival, size);
  if (is_lost) return {.end = Passage::End::lost};
  passage.departure = std::max(transmitted + delay, last_departure_);
  if (passage.held_back) {
    passage.departure += impairment_.hold;
  } else {
    last_departure_ = passage.departure;
  }
  return passage;
}

// A frame that finds the wire idle needs no room.
bool EmulatedLine::has_room(SteadyTime arrival, std::size_t size) const {
  if (!impairment_.rate || idle_from_ <= arrival) return true;
  const auto waiting =
      static_cast<double>((idle_from_ - arrival).count()) * static_cast<double>(*impairment_.rate) / 8e9;
  return waiting + static_cast<double>(size) <= static_cast<double>(impairment_.queue);
}

SteadyTime EmulatedLine::transmit(SteadyTime arrival, std::size_t size) {
  if (!impairment_.rate) return arrival;
  const auto time = static_cast<double>(size) * 8e9 / static_cast<double>(*impairment_.rate);
  idle_from_ = std::max(idle_from_, arrival) + nanoseconds(time);
  return idle_from_;
}

Duration EmulatedLine::draw_delay() {
  const auto jitter = static_cast<double>(impairment_.jitter.count());
  return impairment_.delay + nanoseconds((2 * draw(jitter_) - 1) * jitter);
}

}  // namespace wirelab
