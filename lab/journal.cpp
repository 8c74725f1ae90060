#include "lab/journal.hpp"

#include <iterator>
#include <utility>

namespace wirelab {

void Journal::step(std::string text) {
  steps_.push_back({stamp_now(), std::move(text)});
  if (on_step) on_step(steps_.back());
}

void Journal::note(std::string text) const {
  if (on_note) on_note({stamp_now(), std::move(text)});
}

void Journal::forged(Forged packet) { forged_.push_back(std::move(packet)); }

void Journal::stack_socket(StackSocket socket) { stack_sockets_.push_back(std::move(socket)); }

void Journal::emulated(std::vector<EmulatedFrame> frames) {
  emulated_.insert(emulated_.end(), std::move_iterator(frames.begin()), std::move_iterator(frames.end()));
}

void Journal::drop_emulated_bytes(std::size_t begin, std::size_t end) {
  for (; begin < end; ++begin) emulated_.at(begin).bytes = {};
}

}  // namespace wirelab
