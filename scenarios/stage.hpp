// Stage: what a story is told with: the lab, the trace that is being taken, the user's choices, the verdict, and what
// no packet shows: tables and files.
// Public; owned by whoever runs the scenario. Lab and trace outlive it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/trace.hpp"
#include "lab/lab.hpp"
#include "scenarios/scenario.hpp"

namespace wirelab::scenarios {

using Evidence = std::vector<const capture::Packet*>;
// What both prove together.
Evidence operator+(Evidence one, const Evidence& other);

// A sentence of the verdict, and the packets that prove it.
struct Check {
  std::string name;
  bool ok = false;
  Evidence evidence;
  std::string otherwise;  // what was found instead; empty if ok
  // Of a claim about each of many packets: how many were looked at; the evidence is some of them.
  std::optional<std::size_t> counted = std::nullopt;
};

// An answered echo request, as `ping` programs report it.
struct EchoReply {
  IpAddress from;
  std::uint16_t sequence = 0;
  unsigned ttl = 0;
  Duration rtt{};
  bool by_capture = false;  // both stamps are the trace's; else clock before sending to the kernel's receive stamp
};

struct Filter {
  std::string expression;
  std::string shows;
};

// Text in rows and columns, told after the ladder.
struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // a cell a column
};

// A file that a story leaves beside the trace.
struct Attachment {
  std::string suffix;  // "-cost.svg": what follows the name of the trace
  std::string shows;   // a few words for the reader
  std::string content;
};

class Stage {
 public:
  Stage(Lab& stage_lab, capture::Trace& stage_trace, const Settings& chosen)
      : lab(stage_lab), trace(stage_trace), settings(chosen) {}
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  Lab& lab;                 // NOLINT: the three that every line of a story speaks of
  capture::Trace& trace;    // NOLINT
  const Settings settings;  // NOLINT

  // Adds to the verdict. `otherwise` says what was found instead; missing evidence (a null packet) refutes the check,
  // because a verdict that no packet proves is not one. Returns whether it holds.
  bool check(std::string name, bool holds, Evidence evidence, std::string otherwise = "");
  // A claim about each of many packets, which holds unless one `offends`; those that do are its evidence then, else the
  // first few that were looked at. Where there is nothing to look at it is refuted.
  bool check_all(std::string name, const Evidence& looked_at, const capture::Trace::Fits& offends);
  // A claim that a count proves and no packet could: what a kernel or the capture itself counted.
  bool check_count(std::string name, bool holds, std::string otherwise);
  // Owns up to a packet made wrong on purpose: of all others the right checksum is demanded. Null is ignored.
  void made_wrong(const capture::Packet* packet);
  [[nodiscard]] bool is_made_wrong(const capture::Packet& packet) const { return made_wrong_.contains(packet.id); }
  void reply(const EchoReply& reply);
  // A display filter of Wireshark that fits what was just played.
  void suggest_filter(std::string expression, std::string shows) {
    filters_.push_back({std::move(expression), std::move(shows)});
  }
  // What a table or a plot tells is proven by checks beside it, as far as packets prove it. Throws std::logic_error
  // without columns, and for a row that has not a cell for each.
  void table(Table table);
  void attach(Attachment attachment) { attachments_.push_back(std::move(attachment)); }
  // A node's first address of the IP version that the story is played over, on that segment if one is named. Throws
  // std::logic_error if there is none.
  [[nodiscard]] IpAddress address_of(std::string_view node, std::string_view segment = {}) const;
  // Tells the next step, as Lab::step does, and begins a scene: what is looked for from now on came after it.
  template <class... Args>
  void scene(fmt::format_string<Args...> format, Args&&... args) {
    scene_ = stamp_now();
    lab.step(format, std::forward<Args>(args)...);
  }
  // The first packet on a tap ("A:eth0") with a stamp from `since` on, or since the scene began, that fits; turns the
  // loop until it is in the trace. Null after a second, which is far above what any packet in a lab takes.
  const capture::Packet* seen(std::string_view tap, const capture::Trace::Fits& fits, Stamp since);
  const capture::Packet* seen(std::string_view tap, const capture::Trace::Fits& fits) {
    return seen(tap, fits, scene_);
  }
  // All such packets that are in the trace so far.
  [[nodiscard]] Evidence all_seen(std::string_view tap, const capture::Trace::Fits& fits, Stamp since) const;
  [[nodiscard]] Evidence all_seen(std::string_view tap, const capture::Trace::Fits& fits) const {
    return all_seen(tap, fits, scene_);
  }
  // Keeps a service alive for as long as the lab is: also after the story, when the lab is kept up. What was given last
  // ends first, since it may hold on to what came before.
  template <class Service>
  Service& stay(std::unique_ptr<Service> service) {
    Service& kept = *service;
    residents_.emplace_back(std::shared_ptr<void>(std::move(service)));
    return kept;
  }

  [[nodiscard]] const std::vector<Check>& checks() const { return checks_; }
  [[nodiscard]] const std::vector<Filter>& filters() const { return filters_; }
  [[nodiscard]] const std::vector<Table>& tables() const { return tables_; }
  [[nodiscard]] const std::vector<Attachment>& attachments() const { return attachments_; }
  [[nodiscard]] bool all_hold() const;
  std::function<void(const EchoReply&)> on_reply;

 private:
  [[nodiscard]] bool is_on(std::string_view tap, const capture::Packet& packet) const;

  Stamp scene_{};  // when it began
  std::vector<Check> checks_;
  std::vector<Filter> filters_;
  std::vector<Table> tables_;
  std::vector<Attachment> attachments_;
  std::set<std::uint64_t> made_wrong_;  // by id, which is the same on every link
  std::vector<std::shared_ptr<void>> residents_;
};

}  // namespace wirelab::scenarios
