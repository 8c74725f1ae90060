// How many exchanges does TCP made by hand complete with the kernel's over a bad link?
//
//   forged_tcp [EXCHANGES [LOSS [REORDER]]]      1000, 0.05 and 0.1: shares of the frames, each way
//
// An exchange is a connection of its own: opened, a framed message there and back, closed in order by both sides; fifty
// go on at once. Ends with 1 unless all are complete.
#include "raw/forged_tcp.hpp"

#include <algorithm>
#include <cstdlib>
#include <list>
#include <map>

#include <fmt/format.h>

#include "lab/lab.hpp"
#include "lab/net/lab_root.hpp"
#include "lab/services/echo.hpp"
#include "raw/phantom_host.hpp"

namespace {

using namespace wirelab;
using namespace wirelab::raw;
using namespace std::chrono_literals;

constexpr std::size_t at_once = 50;
constexpr std::size_t message_size = 10'000;

Topology bad_link(double loss, double reorder) {
  Topology net;
  const auto link =
      net.link("wan", {"10.0.0.0/24"}, {.impairment = {.delay = 1ms, .loss = loss, .reorder = reorder, .hold = 3ms}});
  net.host("A", link);
  net.host("S", link);
  return net;
}

struct Totals {
  int begun = 0, complete = 0;
  TcpMachine::Stats stats;
  std::map<std::string_view, int> failures;
};

class Exchange {
 public:
  Exchange(Station& station, const Endpoint& server, Port source, std::mt19937_64& random, ByteView message)
      : message_(message),
        tcp_(station, server, random,
             {.on_open = [this] { tcp_.send(message_); },
              .on_data = [this](ByteView bytes) { take(bytes); },
              .on_end = {},
              .on_close = {}},
             {.source = source, .connect_limit = 60s, .close_limit = 30s}) {
    tcp_.connect();
  }

  [[nodiscard]] bool is_over() const { return tcp_.machine().end().has_value(); }
  void count(Totals& totals) const {
    const auto& stats = tcp_.machine().stats();
    totals.stats.sent += stats.sent;
    totals.stats.received += stats.received;
    totals.stats.retransmitted += stats.retransmitted;
    totals.stats.timeouts += stats.timeouts;
    totals.stats.fast_retransmits += stats.fast_retransmits;
    totals.stats.out_of_order += stats.out_of_order;
    const bool same = std::ranges::equal(answer_, message_);
    if (same && tcp_.machine().end() == TcpEnd::orderly) {
      ++totals.complete;
    } else {
      ++totals.failures[same ? to_string(*tcp_.machine().end()) : "another answer"];
    }
  }

 private:
  void take(ByteView bytes) {
    answer_.insert(answer_.end(), bytes.begin(), bytes.end());
    if (answer_.size() >= message_.size()) tcp_.close();
  }

  ByteView message_;
  Bytes answer_;
  ForgedTcp tcp_;
};

void run_all(Lab& lab, int exchanges, Totals& totals) {
  const auto message = encode_frame({{"type", "message"}}, Bytes(message_size, 'x'));
  EchoServer echo(lab.loop(), lab.opener("S"), {lab.address_of("S"), Port{4000}});
  // The journal would keep every frame.
  auto place = at(lab, "A");
  place.witness = {};
  PhantomHost phantom(place, {.interface = "eth0", .mac = Mac{{2, 0x66, 0, 0, 0, 9}}, .address = Ipv4{10, 0, 0, 9}});
  std::list<Exchange> running;
  while (totals.begun < exchanges || !running.empty()) {
    while (totals.begun < exchanges && running.size() < at_once) {
      const Port source{static_cast<std::uint16_t>(1024 + totals.begun++ % 60000)};
      running.emplace_back(phantom, echo.local(), source, lab.random(), message);
    }
    lab.loop().turn(1s);
    running.remove_if([&](const Exchange& exchange) {
      if (exchange.is_over()) exchange.count(totals);
      return exchange.is_over();
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  become_lab_root();
  const int exchanges = argc > 1 ? std::atoi(argv[1]) : 1000;
  const double loss = argc > 2 ? std::atof(argv[2]) : 0.05;
  const double reorder = argc > 3 ? std::atof(argv[3]) : 0.1;
  Lab lab(bad_link(loss, reorder));
  Totals totals;
  const auto begin = std::chrono::steady_clock::now();
  run_all(lab, exchanges, totals);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("{} of {} exchanges complete, each {} bytes there and back, in {:.1f} s\n", totals.complete, exchanges,
             message_size, took.count());
  fmt::print(
      "loss {} % and reordering {} % each way: {} segments sent, {} of them again; {} time-outs, {} losses told by "
      "the peer, {} of {} segments came out of order\n",
      loss * 100, reorder * 100, totals.stats.sent, totals.stats.retransmitted, totals.stats.timeouts,
      totals.stats.fast_retransmits, totals.stats.out_of_order, totals.stats.received);
  for (const auto& [why, count] : totals.failures) fmt::print("{}: {}\n", why, count);
  return totals.complete == exchanges ? 0 : 1;
}
