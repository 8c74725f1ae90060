#include "scenarios/cli/echo_series.hpp"

#include <exception>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "capture/decode.hpp"
#include "scenarios/cli/narrator.hpp"

namespace wirelab::cli {
namespace {

constexpr Duration time_for_the_tap = std::chrono::milliseconds(200);

}  // namespace

EchoObserver::EchoObserver(Selector& loop, capture::Tap tap, const std::string& file)
    : loop_(loop), tap_(std::move(tap)) {
  if (!file.empty()) open(file);
  token_ = loop_.add(tap_.fd(), {.read = true}, [this](Ready) { tap_.read(sink_); });
}

EchoObserver::~EchoObserver() { loop_.remove(token_); }

void EchoObserver::open(const std::string& file) {
  file_.emplace(file);
  const capture::TraceInfo info{.comment = fmt::format("wirelab {}: ping", WIRELAB_VERSION), .taps = {tap_.info()}};
  writer_.emplace([this](ByteView bytes) { file_->write(bytes); }, info);
}

void EchoObserver::see(const capture::PacketView& packet) {
  if (writer_) writer_->write(packet);
  const auto decoded = capture::decode(packet.bytes, tap_.info().link, packet.original_length);
  const auto* icmp = decoded.icmp();
  if (icmp == nullptr) return;
  const std::pair key{icmp->identifier, icmp->sequence};
  if (icmp->is_echo_request()) {
    requests_.insert_or_assign(key, packet.stamp);
    // Sequence numbers come round again: what answered the last request of this number does not answer this one.
    replies_.erase(key);
  }
  if (icmp->is_echo_reply()) replies_.try_emplace(key, packet.stamp);
}

std::optional<Duration> EchoObserver::rtt(std::uint16_t identifier, std::uint16_t sequence) {
  const std::pair key{identifier, sequence};
  if (!loop_.run_until([&] { return requests_.contains(key) && replies_.contains(key); }, time_for_the_tap)) return {};
  return replies_.extract(key).mapped() - requests_.extract(key).mapped();
}

void EchoObserver::finish() {
  tap_.drain(sink_);
  if (!writer_) return;
  const std::vector statistics{tap_.statistics()};
  writer_->finish(statistics);
}

EchoSeries::EchoSeries(const Output& output, const EchoPlan& plan, const raw::Place& place, const IpAddress& target,
                       std::mt19937_64& random, const std::string& interface)
    : output_(output),
      plan_(plan),
      loop_(place.loop),
      pinger_(place, target, random, {.interface = interface, .size = plan.size, .dont_fragment = false}) {}

ExitCode EchoSeries::play(EchoObserver& observer) {
  std::exception_ptr ended;
  try {
    ask(observer);
  } catch (...) {
    ended = std::current_exception();
  }
  observer.finish();
  tell_result();
  if (ended) std::rethrow_exception(ended);
  return answered_ > 0 ? ExitCode::ok : ExitCode::no_answer;
}

void EchoSeries::ask(EchoObserver& observer) {
  for (std::size_t n = 1; n <= plan_.count; ++n) {
    // Sequence numbers wrap after 65535, as the field is that wide.
    const auto sequence = static_cast<std::uint16_t>(n);
    pinger_.send(sequence);
    ++sent_;
    if (const auto reply = pinger_.reply_within(plan_.patience)) tell(*reply, observer);
    if (n < plan_.count) loop_.run_until([] { return false; }, plan_.interval);
  }
}

void EchoSeries::tell(const raw::Reply& reply, EchoObserver& observer) {
  if (reply.kind != raw::ReplyKind::echo_reply) {
    output_.line(fmt::format("{} from {} for seq {}", raw::name_of(reply.kind), reply.from, reply.sequence));
    output_.object({{"type", "refusal"},
                    {"kind", raw::name_of(reply.kind)},
                    {"from", reply.from.to_string()},
                    {"sequence", reply.sequence}});
    return;
  }
  ++answered_;
  const auto rtt = observer.rtt(reply.identifier, reply.sequence);
  tell_reply(output_, {.from = reply.from,
                       .sequence = reply.sequence,
                       .ttl = reply.ttl,
                       .rtt = rtt.value_or(reply.rtt()),
                       .by_capture = rtt.has_value()});
}

void EchoSeries::tell_result() const {
  output_.line(fmt::format("{} sent, {} answered", sent_, answered_));
  output_.object(
      {{"type", "result"}, {"target", plan_.target}, {"ok", answered_ > 0}, {"sent", sent_}, {"received", answered_}});
}

}  // namespace wirelab::cli
