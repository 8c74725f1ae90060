#include "raw/pinger.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "raw/icmp.hpp"
#include "raw/patch.hpp"

namespace wirelab::raw {
namespace {

std::uint16_t random_word(std::mt19937_64& random) { return static_cast<std::uint16_t>(random() >> 48); }

// Data that a reader of the trace recognises and that no other pinger sends: "wirelab 3f0c...", then the alphabet.
Bytes make_data(std::size_t size, std::mt19937_64& random) {
  const auto head = fmt::format("wirelab {:016x} ", random());
  Bytes data(size);
  for (std::size_t i = 0; i < size; ++i)
    data[i] = static_cast<std::uint8_t>(i < head.size() ? head[i] : 'a' + static_cast<char>((i - head.size()) % 26));
  return data;
}

Packet make_request(Headers headers, const Pinger::Options& options, std::uint16_t identifier, ByteView data) {
  headers.ttl = options.ttl;
  headers.dont_fragment = options.dont_fragment;
  return echo_request(headers, {.identifier = identifier, .sequence = 0, .payload = data});
}

}  // namespace

Pinger::Pinger(const Place& place, const IpAddress& target, std::mt19937_64& random, const Options& options)
    : target_(target),
      identifier_(options.identifier ? *options.identifier : random_word(random)),
      ip_id_(random_word(random)),
      data_(make_data(options.size, random)),
      path_(place, target,
            {.layer = options.layer, .interface = options.interface, .neighbour_limit = options.neighbour_limit},
            [this](const IcmpArrival& arrival) { arrived(arrival); }),
      request_(make_request(path_.headers(), options, identifier_, data_)) {}

void Pinger::send(std::uint16_t sequence, const Alteration& alter) {
  path_.finish(request_);
  set_sequence(request_, sequence);
  if (request_.is_v4()) {
    ip_id_ = next_ip_id(ip_id_);
    set_ip_id(request_, ip_id_);
  }
  auto altered = request_;
  if (alter) alter(altered);
  answers_.sent(sequence, path_.send(altered));
}

std::optional<Reply> Pinger::reply_within(Duration limit) { return answers_.take_within(path_.loop(), limit); }

bool Pinger::is_mine(const IcmpMessage& message) const {
  const auto source = request_.source();
  if (message.to != source) return false;
  if (message.kind == ReplyKind::echo_reply) return message.from == target_ && message.identifier == identifier_;
  const auto& quoted = message.quoted;
  return quoted && quoted->source == source && quoted->destination == target_ &&
         quoted->protocol == request_.protocol() && quoted->first == identifier_;
}

void Pinger::arrived(const IcmpArrival& arrival) {
  const auto* const message = std::get_if<IcmpMessage>(&arrival.icmp);
  auto& counts = answers_.counts();
  if (message == nullptr) {
    ++counts.malformed;
  } else if (!is_answer(message->kind)) {
    return;
  } else if (!is_mine(*message)) {
    ++counts.foreign;
  } else if (message->kind == ReplyKind::echo_reply && !std::ranges::equal(message->payload, data_)) {
    ++counts.altered;
  } else {
    answers_.arrived(reply_from(*message, arrival.stamp), on_reply);
  }
}

}  // namespace wirelab::raw
