#include "scenarios/cli/receiving.hpp"

#include <exception>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/base/bytes.hpp"
#include "scenarios/cli/failure.hpp"
#include "scenarios/cli/quantity.hpp"
#include "scenarios/cli/stack_options.hpp"

namespace wirelab::cli {

using Result = FileReceiver::Result;

Receiving::Receiving(const Output& output, Selector& loop, const ReceivePlan& plan)
    : output_(output),
      loop_(loop),
      asks_(plan.asks),
      count_(plan.count),
      questions_(loop, display_,
                 {.on_yes = [this](const std::string& id) { accept(id); },
                  .on_no = [this](const std::string& id, std::string_view why) { receiver_.refuse(id, why); }}),
      receiver_(loop, open_here, plan.listen, worker_, plan.folder, events(), plan.options) {
  if (!plan.registry) return;
  registration_.emplace(loop, output, *plan.registry, plan.name, receiver_.local().port, [this](const auto& text) {
    display_.clear();
    output_.talk(text);
  });
}

ExitCode Receiving::play() {
  tell_listening();
  std::exception_ptr interrupted;
  try {
    while (!has_enough()) loop_.turn(Duration::max());
  } catch (const ReaderLeft&) {
    if (count_ > 0) interrupted = std::current_exception();
  } catch (const Interrupted&) {
    if (count_ > 0) interrupted = std::current_exception();
    if (receiver_.transfers() > 0) output_.talk("stopping; once more Ctrl-C stops at once");
  }
  try {
    stop();
  } catch (const Interrupted&) {
    interrupted = std::current_exception();
  }
  tell_result(!interrupted);
  if (interrupted) std::rethrow_exception(interrupted);
  return bad_ == 0 ? ExitCode::ok : ExitCode::check_failed;
}

FileReceiver::Events Receiving::events() {
  return {.on_offer = [this](const Transfer& transfer) { on_offer(transfer); },
          .on_begin = [this](const Transfer& transfer, std::uint64_t from) { on_begin(transfer, from); },
          .on_progress =
              [this](const Transfer& transfer, const FileProgress& progress) {
                display_.show(transfer.offer.id, transfer.offer.name, progress);
              },
          .on_end = [this](const Transfer& transfer, const Outcome& outcome) { on_end(transfer, outcome); }};
}

void Receiving::on_offer(const Transfer& transfer) {
  const auto& offer = transfer.offer;
  output_.object({{"type", "offer"},
                  {"id", offer.id},
                  {"name", offer.name},
                  {"size", offer.size},
                  {"peer", transfer.peer.to_string()}});
  if (count_ > 0 && over_ + accepted_.size() + questions_.size() >= count_)
    return receiver_.refuse(offer.id, "this receiver takes no more");
  asks_ ? questions_.ask(transfer) : accept(offer.id);
}

void Receiving::on_begin(const Transfer& transfer, std::uint64_t from) {
  const auto& offer = transfer.offer;
  accepted_.insert(offer.id);  // nobody is asked again about what was cut and comes back
  running_.insert(offer.id);
  output_.object({{"type", "accepted"}, {"id", offer.id}, {"name", offer.name}, {"from", from}});
}

void Receiving::on_end(const Transfer& transfer, const Outcome& outcome) {
  const auto& id = transfer.offer.id;
  questions_.forget(id);
  display_.forget(id);
  tell_end(transfer, outcome);
  accepted_.erase(id);
  count(outcome.result, running_.erase(id) > 0);
}

void Receiving::accept(const std::string& id) {
  accepted_.insert(id);
  receiver_.accept(id);
}

// What was cut comes back, and what never began was nothing.
void Receiving::count(Result result, bool had_begun) {
  if (result == Result::received) ++over_;
  if (result == Result::received || result == Result::cut || !had_begun) return;
  ++over_;
  ++bad_;
}

void Receiving::tell_listening() const {
  const auto where = receiver_.local().to_string();
  output_.object({{"type", "listening"}, {"service", "files"}, {"address", where}});
  if (!output_.quiet()) output_.line(fmt::format("files are received at {}; Ctrl-C ends it", where));
  output_.flush();
}

void Receiving::tell_end(const Transfer& transfer, const Outcome& outcome) const {
  const auto& [peer, offer] = transfer;
  const bool ok = outcome.result == Result::received;
  nlohmann::json object{{"type", ok ? "received" : "not-received"},
                        {"id", offer.id},
                        {"name", offer.name},
                        {"size", offer.size},
                        {"peer", peer.to_string()},
                        {"result", FileReceiver::to_string(outcome.result)},
                        {"bytes", outcome.bytes}};
  if (ok) object["saved_as"] = outcome.name;
  if (!ok) object["why"] = outcome.why;
  if (outcome.sha256) object["sha256"] = to_hex(*outcome.sha256);
  output_.object(object);
  const auto size = size_text(offer.size);
  const auto renamed = outcome.name == offer.name ? "" : fmt::format(", saved as '{}'", printable(outcome.name));
  if (ok)
    output_.line(fmt::format("{}: {} from {}{}{}", printable(offer.name), size, peer.address,
                             outcome.sha256 ? ", verified" : "", renamed));
  else if (!output_.json())
    output_.talk(fmt::format("'{}' ({}) from {} was not received: {}: {}", printable(offer.name), size, peer.address,
                             FileReceiver::to_string(outcome.result), printable(outcome.why)));
  output_.flush();
}

void Receiving::tell_result(bool finished) const {
  const auto& stats = receiver_.stats();
  output_.line(fmt::format("received {}, {} through the network{}", counted(stats.received, "file"),
                           size_text(stats.bytes), bad_ > 0 ? fmt::format("; {} failed", bad_) : ""));
  output_.object({{"type", "result"},
                  {"service", "files"},
                  {"ok", finished && bad_ == 0},
                  {"received", stats.received},
                  {"failed", bad_},
                  {"offers", stats.offers},
                  {"resumed", stats.resumed},
                  {"malformed", stats.malformed},
                  {"bytes", stats.bytes},
                  {"clients", receiver_.tcp().stats().accepted},
                  {"refused", receiver_.tcp().stats().refused},
                  {"selector", selector_as_json(loop_)}});
  if (!output_.json()) tell_selector(output_, loop_);
}

void Receiving::stop() {
  questions_.stop();
  bool stopped = false;
  receiver_.stop([&] { stopped = true; });
  if (registration_) registration_->stop();
  while (!stopped) turn_on();
}

// A reader that leaves now changes nothing: it ends already.
void Receiving::turn_on() {
  try {
    loop_.turn(Duration::max());
  } catch (const ReaderLeft&) {
  }
}

}  // namespace wirelab::cli
