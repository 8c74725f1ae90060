#include "raw/path_mtu.hpp"

#include "raw/icmp.hpp"
#include "raw/interface.hpp"
#include "raw/patch.hpp"
#include "raw/path.hpp"
#include "raw/path_mtu_search.hpp"
#include "raw/route.hpp"

namespace wirelab::raw {
namespace {

class SizedPings {
 public:
  SizedPings(const Place& place, const IpAddress& target, std::mt19937_64& random, const PathMtuOptions& options)
      : options_(options),
        target_(target),
        identifier_(static_cast<std::uint16_t>(random())),
        path_(place, target, {.layer = Layer::network, .interface = options.interface},
              [this](const IcmpArrival& arrival) { arrived(arrival); }) {}

  PathMtuStep ask(std::uint32_t size) {
    PathMtuStep step{.size = size};
    while (step.attempts < options_.attempts && !step.reply) {
      ++step.attempts;
      send(size);
      step.reply = answers_.take_within(path_.loop(), options_.patience);
    }
    return step;
  }

 private:
  void send(std::uint32_t size) {
    auto headers = path_.headers();
    headers.ip_id = ++sequence_;
    const std::size_t overhead = icmp_header_size + (target_.is_v4() ? ipv4_header_size : ipv6_header_size);
    const Bytes data(size - overhead, 'w');
    const auto request = echo_request(headers, {.identifier = identifier_, .sequence = sequence_, .payload = data});
    answers_.sent(sequence_, path_.send(request));
  }

  // An answer to a packet of an earlier size says nothing about this one.
  void arrived(const IcmpArrival& arrival) {
    const auto* const message = std::get_if<IcmpMessage>(&arrival.icmp);
    if (message == nullptr || !is_mine(*message)) return;
    const auto reply = reply_from(*message, arrival.stamp);
    if (reply.sequence == sequence_) answers_.arrived(reply, {});
  }

  [[nodiscard]] bool is_mine(const IcmpMessage& message) const {
    if (message.kind == ReplyKind::echo_reply) return message.from == target_ && message.identifier == identifier_;
    const auto& quoted = message.quoted;
    return is_answer(message.kind) && quoted && quoted->source == message.to && quoted->destination == target_ &&
           quoted->protocol == (target_.is_v4() ? protocol_icmp : protocol_icmpv6) && quoted->first == identifier_;
  }

  const PathMtuOptions& options_;
  IpAddress target_;
  std::uint16_t identifier_;
  std::uint16_t sequence_ = 0;
  Answers answers_;
  Path path_;
};

std::uint32_t own_mtu(const Place& place, const IpAddress& target, const std::string& interface) {
  return place.open([&] {
    const auto index = interface.empty() ? route_to(target).interface : interface_named(interface).index;
    return interface_named(interface_name(index)).mtu;
  });
}

}  // namespace

PathMtuReport path_mtu(const Place& place, const IpAddress& target, std::mt19937_64& random,
                       const PathMtuOptions& options) {
  PathMtuSearch search(std::min(own_mtu(place, target, options.interface), 65535U), target.is_v4());
  SizedPings pings(place, target, random, options);
  PathMtuReport report;
  while (const auto size = search.next()) {
    report.steps.push_back(pings.ask(*size));
    const auto& reply = report.steps.back().reply;
    if (reply && reply->kind == ReplyKind::echo_reply) {
      search.passed(*size);
    } else if (reply && reply->kind == ReplyKind::too_big) {
      search.too_big(*size, reply->mtu);
    } else if (reply) {
      break;
    } else {
      search.silent(*size);
    }
  }
  report.mtu = search.result();
  report.black_hole = search.black_hole();
  return report;
}

}  // namespace wirelab::raw
