#include "lab/services/chat.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "lab/services/chat_message.hpp"
#include "lab/services/heartbeat.hpp"
#include "lab/services/name.hpp"

namespace wirelab {
namespace {

SteadyTime now() { return std::chrono::steady_clock::now(); }

// How a member left that did not say "exit".
std::string_view why_of(CloseCause cause) {
  switch (cause) {
    case CloseCause::finished:
      return "closed";
    case CloseCause::idle:
      return "silent";
    case CloseCause::too_slow:
      return "slow";
    default:
      return "lost";
  }
}

}  // namespace

ChatRoom::ChatRoom(Selector& loop, const Opener& opener, const Endpoint& local, Events events, const Options& options)
    : loop_(loop),
      events_(std::move(events)),
      options_(options),
      server_(loop, opener, local, frame_events(), frame_options(options)) {
  if (options.max_text > chat::most_text) throw std::logic_error("ChatRoom: max_text is out of range");
  const auto shortest = std::min(options_.period, options_.join_limit);
  sweep_ = loop_.every(std::max(shortest / 2, Duration(1)), [this] { cut_off_the_silent(); });
}

ChatRoom::~ChatRoom() { loop_.cancel(sweep_); }

FrameServer::Options ChatRoom::frame_options(const Options& options) {
  return {.frame = {.content = chat::most_text},
          .frame_limit = options.frame_limit,
          .pace = options.pace,
          .tcp = {.max_clients = std::min(options.max_clients, most_clients),
                  .connection = {.close_limit = options.close_limit,
                                 .slow_peer = SlowPeer::disconnect,
                                 .max_queued = options.max_queued}}};
}

FrameServer::Events ChatRoom::frame_events() {
  return {.on_open =
              [this](ClientId id, const Endpoint& peer) {
                clients_.try_emplace(id, Client{.peer = peer, .heard = now(), .name = {}});
              },
          .on_frame = [this](ClientId id, const Frame& frame) { on_frame(id, frame); },
          .on_bad_frame =
              [this](ClientId id, const FrameError& error) {
                auto& client = clients_.at(id);
                complain(id, client, error.to_string());
                client.heard = now();
                if (!client.name.empty()) leave(id, client, "malformed");
              },
          .on_end = {},
          .on_close = [this](ClientId id, const CloseReason& reason) { on_close(id, reason); }};
}

void ChatRoom::on_frame(ClientId id, const Frame& frame) {
  auto& client = clients_.at(id);
  const auto message = read_message(frame);
  if (const auto* fault = std::get_if<MessageFault>(&message)) return complain(id, client, to_string(*fault));
  if (!client.name.empty()) client.heard = now();
  on_message(id, client, std::get<Message>(message));
}

void ChatRoom::on_message(ClientId id, Client& client, const Message& message) {
  if (message.type == chat::join) return join(id, client, message);
  if (message.type == alive_type) {
    server_.tcp().send(id, encode_message(alive_type));
    return;
  }
  if (message.type != chat::say && message.type != chat::exit)
    return complain(id, client, fmt::format("'{}' means nothing here", quoted(message.type)));
  if (client.name.empty()) return complain(id, client, "join first");
  if (message.type == chat::say) return say(id, client, message.text());
  leave(id, client, "exit");
  server_.tcp().close(id);
}

void ChatRoom::join(ClientId id, Client& client, const Message& message) {
  const auto name = message.value(chat::name).value_or("");
  if (!client.name.empty()) return refuse(id, client, name, "joined", "you are in the room already");
  if (const auto fault = name_fault(name)) return refuse(id, client, name, "name", *fault);
  if (!taken_.insert(name_key(name)).second) return refuse(id, client, name, "taken", "somebody here is called so");
  client.name = name;
  client.turn = ++turns_;
  client.heard = now();
  ++stats_.joined;
  welcome(id, client);
  tell_others(id, encode_message(chat::joined, {{chat::name, client.name}}));
  if (events_.on_join) events_.on_join(client.name, client.peer);
}

void ChatRoom::welcome(ClientId id, const Client& client) {
  auto others = members();
  others.pop_back();  // the newcomer is the last
  server_.tcp().send(id, chat::encode_welcome(client.name, others, options_.period));
}

void ChatRoom::say(ClientId id, const Client& client, std::string_view text) {
  if (text.size() > options_.max_text)
    return complain(id, client, fmt::format("nobody may say more than {} bytes at once", options_.max_text));
  if (!is_utf8(text)) return complain(id, client, "what is said is UTF-8");
  ++stats_.said;
  tell_others(id, encode_message(chat::said, {{chat::name, client.name}}, as_bytes(text)));
  if (events_.on_say) events_.on_say(client.name, text);
}

void ChatRoom::leave(ClientId id, Client& client, std::string_view why) {
  const auto name = std::exchange(client.name, {});
  taken_.erase(name_key(name));
  ++stats_.left;
  if (!stopping_) tell_others(id, encode_message(chat::left, {{chat::name, name}, {chat::why, why}}));
  if (events_.on_leave) events_.on_leave(name, why);
}

void ChatRoom::tell_others(ClientId id, Bytes message) {
  const auto shared = std::make_shared<const Bytes>(std::move(message));
  for (const auto& [other, client] : clients_) {
    if (other != id && !client.name.empty() && server_.tcp().send(other, shared)) ++stats_.delivered;
  }
}

void ChatRoom::refuse(ClientId id, const Client& client, std::string_view name, std::string_view why,
                      std::string_view text) {
  ++stats_.refused;
  server_.tcp().send(id, encode_message(chat::refused, {{chat::why, why}}, as_bytes(text)));
  if (events_.on_refuse) events_.on_refuse(client.peer, name, why);
}

void ChatRoom::complain(ClientId id, const Client& client, std::string_view text) {
  ++stats_.malformed;
  server_.tcp().send(id, encode_message(chat::error, {}, as_bytes(text)));
  if (events_.on_error) events_.on_error(client.peer, text);
}

void ChatRoom::on_close(ClientId id, const CloseReason& reason) {
  auto& client = clients_.at(id);
  if (!client.name.empty()) {
    if (reason.cause == CloseCause::too_slow) ++stats_.slow;
    if (reason.cause == CloseCause::idle) ++stats_.silent;
    leave(id, client, stopping_ ? "ended" : why_of(reason.cause));
  }
  clients_.erase(id);
}

// abort() tells on_close later, so that this loop stays good.
void ChatRoom::cut_off_the_silent() {
  for (const auto& [id, client] : clients_) {
    const auto limit = client.name.empty() ? options_.join_limit : most_missed * options_.period;
    if (now() - client.heard > limit) server_.tcp().abort(id, CloseCause::idle);
  }
}

void ChatRoom::stop(std::function<void()> stopped) {
  stopping_ = true;
  server_.tcp().stop(std::move(stopped));
}

std::vector<std::string> ChatRoom::members() const {
  std::vector<const Client*> in;
  for (const auto& [id, client] : clients_) {
    if (!client.name.empty()) in.push_back(&client);
  }
  std::ranges::sort(in, {}, &Client::turn);
  std::vector<std::string> names(in.size());
  std::ranges::transform(in, names.begin(), &Client::name);
  return names;
}

std::size_t ChatRoom::queued() const {
  std::size_t all = 0;
  for (const auto& [id, client] : clients_) all += server_.tcp().queued(id);
  return all;
}

}  // namespace wirelab
