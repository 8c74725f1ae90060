#include "raw/answers.hpp"

namespace wirelab::raw {

void Answers::arrived(Reply reply, const std::function<void(const Reply&)>& tell) {
  const auto found = probes_.find(reply.sequence);
  if (found == probes_.end()) {
    ++counts_.foreign;
    return;
  }
  auto& probe = found->second;
  reply.sent = probe.sent;
  reply.duplicate = probe.answered;
  if (probe.answered) {
    ++counts_.duplicates;
  } else {
    probe.answered = true;
    replies_.push_back(reply);
  }
  if (tell) tell(reply);
}

std::optional<Reply> Answers::take_within(Selector& loop, Duration limit) {
  if (!loop.run_until([this] { return !replies_.empty(); }, limit)) return std::nullopt;
  const auto reply = replies_.front();
  replies_.pop_front();
  return reply;
}

bool is_answer(ReplyKind kind) { return kind != ReplyKind::echo_request && kind != ReplyKind::other; }

Reply reply_from(const IcmpMessage& message, Stamp received) {
  return {.kind = message.kind,
          .from = message.from,
          .identifier = message.quoted ? message.quoted->first : message.identifier,
          .sequence = message.quoted ? message.quoted->second : message.sequence,
          .ttl = message.ttl,
          .type = message.type,
          .code = message.code,
          .mtu = message.mtu,
          .payload = message.payload.size(),
          .received = received};
}

}  // namespace wirelab::raw
