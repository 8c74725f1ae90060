#include "raw/prober.hpp"

#include <algorithm>
#include <stdexcept>

#include "raw/frame_sender.hpp"

namespace wirelab::raw {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest_batch = 32;                      // frames between two looks at what came back
constexpr Duration least_patience = 20ms;                      // for a scheduler that is busy elsewhere
constexpr int patience_factor = 4;                             // times the longest round trip seen
constexpr Duration first_pause = 200us, longest_pause = 20ms;  // after loss in our own buffer
constexpr unsigned free_rounds = 20;                           // that own loss may add to the attempts, at most

SteadyTime now() { return std::chrono::steady_clock::now(); }

std::size_t batch_for(double rate) {
  return static_cast<std::size_t>(std::clamp(rate / 1000, 1.0, static_cast<double>(largest_batch)));
}

void check(const ProbeOptions& options) {
  if (options.attempts == 0 || !(options.rate > 0) || options.deadline <= Duration::zero())
    throw std::logic_error("probes need attempts, a rate and a deadline above zero");
}

}  // namespace

// One call of run(): what it knows while it lasts.
class Prober::Run {
 public:
  Run(Prober& prober, Probes& probes, const ProbeOptions& options)
      : loop_(prober.loop_),
        socket_(prober.socket_),
        probes_(probes),
        options_(options),
        end_(now() + options.deadline),
        batch_(batch_for(options.rate)) {
    report_.probes.resize(probes.count());
  }

  ProbeReport finish();
  void drain();

 private:
  [[nodiscard]] bool done() const { return report_.answered == report_.probes.size() || probes_.settled(); }
  [[nodiscard]] bool late() const { return now() >= end_; }
  [[nodiscard]] Duration patience() const;
  void round();
  void ask(std::size_t index);
  void answered(std::size_t index, Stamp when);
  void look_up();
  void wait_for_turn();
  void wait_for_answers();

  Selector& loop_;
  PacketSocket& socket_;
  Probes& probes_;
  const ProbeOptions& options_;
  SteadyTime end_;
  std::size_t batch_;  // smaller at a low rate, and after loss in our own buffer
  ProbeReport report_;
  std::vector<std::size_t> open_;  // the questions of this round
  Duration longest_rtt_{};
  Duration pause_{};
  SteadyTime last_answer_;
  SteadyTime round_began_;
  std::uint64_t sent_in_round_ = 0;
};

void Prober::Run::answered(std::size_t index, Stamp when) {
  auto& probe = report_.probes[index];
  if (probe.attempts == 0) return;
  if (probe.answered) {
    ++report_.duplicates;
    return;
  }
  probe.answered = true;
  probe.received = when;
  ++report_.answered;
  longest_rtt_ = std::max(longest_rtt_, probe.rtt());
}

void Prober::Run::drain() {
  bool any = false;
  while (const auto arrival = socket_.receive()) {
    any = true;
    const auto index = probes_.answered(*arrival);
    if (index && *index < report_.probes.size()) answered(*index, arrival->stamp);
  }
  if (any) last_answer_ = now();
}

void Prober::Run::ask(std::size_t index) {
  auto& probe = report_.probes[index];
  const auto frame = probes_.frame(index);
  auto sent = socket_.offer(frame);
  while (!sent && !late()) {
    ++report_.refused;
    loop_.turn(100us);
    sent = socket_.offer(frame);
  }
  if (!sent) return;
  probe.sent = *sent;
  ++probe.attempts;
  ++report_.sent;
  ++sent_in_round_;
}

// After each batch: what came back, what was lost, and the others on the loop.
void Prober::Run::look_up() {
  drain();
  loop_.turn(Duration(-1));
  const auto drops = socket_.take_drops();
  report_.dropped += drops;
  if (drops == 0) {
    pause_ = pause_ / 2;
    batch_ = std::min(batch_ + 1, batch_for(options_.rate));
    return;
  }
  batch_ = std::max(batch_ / 2, std::size_t{1});
  pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
  loop_.run_until([] { return false; }, pause_);
}

void Prober::Run::wait_for_turn() {
  const SendBounds bounds{.count = UINT64_MAX, .time = options_.deadline, .rate = options_.rate};
  while (!late() && bounds.due(now() - round_began_) <= sent_in_round_) loop_.turn(100us);
}

void Prober::Run::round() {
  round_began_ = now();
  sent_in_round_ = 0;
  std::size_t in_batch = 0;
  for (const auto index : open_) {
    if (late() || done()) break;
    if (report_.probes[index].answered) continue;
    if (in_batch == 0) {
      look_up();
      wait_for_turn();
    }
    ask(index);
    in_batch = in_batch + 1 < batch_ ? in_batch + 1 : 0;
  }
  wait_for_answers();
}

Duration Prober::Run::patience() const {
  if (report_.answered == 0) return options_.patience;
  return std::clamp(longest_rtt_ * patience_factor, std::min(least_patience, options_.patience), options_.patience);
}

void Prober::Run::wait_for_answers() {
  last_answer_ = now();
  drain();
  while (!done() && !late()) {
    const auto left = std::min(last_answer_ + patience(), end_) - now();
    if (left <= Duration::zero()) break;
    loop_.turn(left);
    drain();
  }
  if (options_.linger > Duration::zero() && !late())
    loop_.run_until([] { return false; }, std::max(options_.linger, longest_rtt_ * patience_factor));
  report_.dropped += socket_.take_drops();
}

ProbeReport Prober::Run::finish() {
  const auto begin = now();
  unsigned attempts = 0;
  for (unsigned rounds = 0; attempts < options_.attempts && rounds < options_.attempts + free_rounds; ++rounds) {
    open_.clear();
    for (std::size_t i = 0; i < report_.probes.size(); ++i) {
      if (!report_.probes[i].answered) open_.push_back(i);
    }
    if (open_.empty() || done() || late()) break;
    const auto dropped = report_.dropped;
    round();
    if (report_.dropped == dropped) ++attempts;
  }
  report_.cut_short = late() && !done() && attempts < options_.attempts;
  report_.elapsed = now() - begin;
  return std::move(report_);
}

Prober::Prober(const Place& place, const std::string& interface, Filter filter, int buffer)
    : loop_(place.loop),
      socket_(place.open([&] { return PacketSocket(interface, place.witness, filter); })),
      watch_(place.loop, socket_.fd(), [this] {
        if (on_readable_) {
          on_readable_();
        } else {
          while (socket_.receive()) continue;
        }
      }) {
  socket_.enlarge_buffer(buffer);
}

ProbeReport Prober::run(Probes& probes, const ProbeOptions& options) {
  check(options);
  // What came between two runs answers nothing.
  while (socket_.receive()) continue;
  socket_.take_drops();
  Run run(*this, probes, options);
  on_readable_ = [&run] { run.drain(); };
  try {
    auto report = run.finish();
    on_readable_ = {};
    return report;
  } catch (...) {
    on_readable_ = {};
    throw;
  }
}

}  // namespace wirelab::raw
