#include "capture/narration.hpp"

#include <algorithm>

namespace wirelab::capture {
namespace {

// What a program does to a connection, where all else is the flow of its data.
bool is_deed(const Decoded& packet) {
  const auto* tcp = packet.tcp();
  return tcp != nullptr && (tcp->flags.syn || tcp->flags.fin || tcp->flags.rst);
}

}  // namespace

void Narration::told(std::uint64_t turns) {
  turns_.resize(journal_->steps().size());
  turns_.back() = turns;
}

std::vector<std::string> Narration::before(const Packet& packet, const Decoded& decoded, bool first) {
  if (!first) return {};
  std::vector<std::string> texts;
  for (std::size_t step = journal_->steps().size(); step > next_; --step) {
    if (speaks_of(step - 1, packet, decoded)) texts = tell(step);
  }
  remember(packet, decoded);
  return texts;
}

std::vector<std::string> Narration::rest() { return tell(journal_->steps().size()); }

bool Narration::speaks_of(std::size_t step, const Packet& packet, const Decoded& decoded) const {
  if (!forges(step) && !looked_before(step)) return is_answer(decoded) && packet.origin != Origin::raw;
  const bool is_background = packet.origin == Origin::stack && !journal_->forged().empty() && !is_deed(decoded);
  const bool is_meant = forges(step) || packet.origin != Origin::raw;
  return is_meant && !is_background && packet.stamp >= journal_->steps()[step].when;
}

// True if something was forged after this step and before the next.
bool Narration::forges(std::size_t step) const {
  const auto& steps = journal_->steps();
  const auto& forged = journal_->forged();
  const auto next = std::ranges::lower_bound(forged, steps[step].when, {}, &Journal::Forged::when);
  return next != forged.end() && (step + 1 == steps.size() || next->when < steps[step + 1].when);
}

// True unless the loop stood still between the step before and this one.
bool Narration::looked_before(std::size_t step) const {
  return step == 0 || step >= turns_.size() || !turns_[step] || turns_[step] != turns_[step - 1];
}

// Requests to resolve an address are no answers, though the kernel makes them on the way to one.
bool Narration::is_answer(const Decoded& packet) const {
  if (!asked_) return false;
  if (packet.arp) return packet.arp->operation != Arp::request && IpAddress(packet.arp->target_ip) == asked_->by;
  if (!packet.ip || packet.ip->destination != asked_->by) return false;
  const auto end = packet.destination();
  return !end || end == asked_->end;
}

void Narration::remember(const Packet& packet, const Decoded& decoded) {
  if (packet.origin != Origin::raw) return;
  if (decoded.ip) {
    asked_ = {decoded.ip->source, decoded.source()};
  } else if (decoded.arp) {
    asked_ = {decoded.arp->sender_ip, std::nullopt};
  }
}

std::vector<std::string> Narration::tell(std::size_t end) {
  std::vector<std::string> texts;
  for (; next_ < end; ++next_) texts.push_back(journal_->steps()[next_].text);
  return texts;
}

}  // namespace wirelab::capture
