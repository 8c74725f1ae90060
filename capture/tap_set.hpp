// TapSet: all taps of a trace, opened, read and closed together, and what they see in one order. Internal to capture/.
//
// A packet is handed on as soon as no tap can still hold an earlier one: when each tap is dry, or has given a later
// one. So the order holds however late the loop comes to read, and nothing waits longer than it must.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/tap.hpp"
#include "lab/loop/selector.hpp"

namespace wirelab::capture {

class TapSet {
 public:
  // Packets in the order of their stamps; never none. It may throw: into the turn of the loop, or stop().
  using Arrived = std::function<void(std::vector<Packet>)>;

  // The loop must outlive this.
  TapSet(Selector& loop, Arrived arrived) : loop_(loop), arrived_(std::move(arrived)) {}
  TapSet(const TapSet&) = delete;
  TapSet& operator=(const TapSet&) = delete;
  ~TapSet() { leave_loop(); }

  // Before open(). The host must outlive this.
  void add(const Host& host, std::string interface) { places_.push_back({&host, std::move(interface)}); }
  // Opens what was added, with so many bytes of kernel memory for all together as far as that suffices. Throws as Tap.
  void open(std::size_t buffer);
  void join_loop();
  // Drains, closes and hands on all that was captured before the call.
  void stop();

  [[nodiscard]] std::vector<TapInfo> infos() const;
  [[nodiscard]] const std::string& host_of(std::size_t tap) const { return places_.at(tap).host->name(); }
  // In the order in which they were added; after stop() what they counted until then.
  [[nodiscard]] std::vector<TapStatistics> statistics();

 private:
  struct Place {
    const Host* host;
    std::string interface;
  };
  void leave_loop();
  void close();
  void read_all();
  void settle();
  [[nodiscard]] Stamp settled_until();
  void hand_on(Stamp until);

  Selector& loop_;
  Arrived arrived_;
  std::vector<Place> places_;
  std::vector<std::unique_ptr<Tap>> taps_;
  std::vector<Selector::Token> tokens_;
  std::optional<Selector::TimerId> timer_;
  std::vector<Stamp> read_until_;  // by tap: the stamp of the last packet that it gave
  std::vector<Packet> waiting_;
  std::vector<TapStatistics> statistics_;  // of taps that are closed
  Tap::Sink keep_ = [this](const PacketView& view) {
    read_until_[view.tap] = std::max(read_until_[view.tap], view.stamp);
    waiting_.push_back({.tap = view.tap,
                        .stamp = view.stamp,
                        .original_length = view.original_length,
                        .bytes = copy_of(view.bytes),
                        .direction = view.direction});
  };
};

}  // namespace wirelab::capture
