#include "lab/services/registry.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "lab/services/heartbeat.hpp"
#include "lab/services/name.hpp"
#include "lab/services/registry_message.hpp"

namespace wirelab {
namespace {

constexpr std::size_t most_device_bytes = 3 * most_name_bytes + 128;  // as a message of the list

SteadyTime now() { return std::chrono::steady_clock::now(); }

// How a device went that did not say "leave".
std::string_view why_of(CloseCause cause, bool asked) {
  switch (cause) {
    case CloseCause::finished:
      return "closed";
    case CloseCause::too_slow:
      return "slow";
    default:
      // Its host knows nothing of the connection any more, and said so when it was asked.
      return asked ? "restarted" : "lost";
  }
}

Bytes encode_device(std::string_view type, const Device& device, std::string_view why = "") {
  const DeviceNumbers numbers(device);
  auto fields = device_fields(device, numbers);
  if (!why.empty()) fields.push_back({registry::why, why});
  return encode_message(type, fields);
}

void append(Bytes& all, const Bytes& message) { all.insert(all.end(), message.begin(), message.end()); }

}  // namespace

Registry::Registry(Selector& loop, const Opener& opener, const Endpoint& local, Events events, const Options& options)
    : loop_(loop),
      events_(std::move(events)),
      options_(options),
      server_(loop, opener, local, frame_events(), frame_options(options)) {
  // Who is asked has a period to answer, and is found missing soon after.
  const auto shortest = std::min(options_.period, options_.greet_limit);
  sweep_ = loop_.every(std::max(shortest / 4, Duration(1)), [this] { sweep(); });
}

Registry::~Registry() { loop_.cancel(sweep_); }

FrameServer::Options Registry::frame_options(const Options& options) {
  const auto clients = std::min(options.max_clients, most_clients);
  return {.frame = {.content = 0},  // all is said in fields
          .frame_limit = options.frame_limit,
          .pace = options.pace,
          .tcp = {.max_clients = clients,
                  .connection = {.close_limit = options.close_limit,
                                 .slow_peer = SlowPeer::disconnect,
                                 // A newcomer has its list first, and all that follows in time.
                                 .max_queued = options.max_queued + clients * most_device_bytes}}};
}

FrameServer::Events Registry::frame_events() {
  return {.on_open =
              [this](ClientId id, const Endpoint& peer) {
                clients_.try_emplace(id, Client{.peer = peer, .heard = now(), .asked = {}, .device = {}});
              },
          .on_frame = [this](ClientId id, const Frame& frame) { on_frame(id, frame); },
          .on_bad_frame =
              [this](ClientId id, const FrameError& error) {
                auto& client = clients_.at(id);
                complain(id, client, registry::error, error.to_string());
                client.heard = now();
                remove(client, "malformed");
              },
          .on_end = {},
          .on_close = [this](ClientId id, const CloseReason& reason) { on_close(id, reason); }};
}

void Registry::on_frame(ClientId id, const Frame& frame) {
  auto& client = clients_.at(id);
  const auto message = read_message(frame);
  if (const auto* fault = std::get_if<MessageFault>(&message))
    return complain(id, client, registry::error, to_string(*fault));
  if (client.listens) {
    client.heard = now();
    client.asked.reset();
  }
  on_message(id, client, std::get<Message>(message));
}

void Registry::on_message(ClientId id, Client& client, const Message& message) {
  if (message.type == registry::enter) return enter(id, client, message);
  if (message.type == registry::watch) {
    if (client.listens) return complain(id, client, registry::error, "you are told everything already");
    ++stats_.watching;
    return send_list(id, client);
  }
  if (message.type == alive_type) {
    server_.tcp().send(id, encode_message(alive_type));
    return;
  }
  if (message.type != registry::leave)
    return complain(id, client, registry::error, fmt::format("'{}' means nothing here", quoted(message.type)));
  remove(client, "left");
  server_.tcp().close(id);
}

void Registry::enter(ClientId id, Client& client, const Message& message) {
  auto read = read_device(message, AddressField::none);
  if (const auto* fault = std::get_if<std::string_view>(&read)) return complain(id, client, registry::refused, *fault);
  auto& device = std::get<Device>(read);
  device.address = client.peer.address;
  if (client.device && !client.device->is_same_run(device))
    return complain(id, client, registry::refused, "this connection is another device's");
  ++stats_.registered;
  auto before = std::exchange(client.device, std::nullopt);
  if (!before) {
    client.turn = ++turns_;
    before = take_over(id, client, device);
  }
  client.device = device;
  list_.reset();
  if (before != device) tell(before ? DeviceChange::changed : DeviceChange::added, device);
  if (!client.listens) send_list(id, client);
}

std::optional<Device> Registry::take_over(ClientId newcomer, Client& client, const Device& device) {
  std::optional<Device> before;
  for (auto& [id, other] : clients_) {
    if (id == newcomer || !other.device || other.device->id != device.id) continue;
    if (other.device->is_same_run(device)) {
      before = std::exchange(other.device, std::nullopt);
      client.turn = other.turn;
      server_.tcp().abort(id);
    } else if (!other.asked) {
      other.asked = now();
      server_.tcp().send(id, encode_message(registry::ask));
    }
  }
  return before;
}

void Registry::send_list(ClientId id, Client& client) {
  client.listens = true;
  client.heard = now();
  if (!list_) list_ = std::make_shared<const Bytes>(encode_list());
  server_.tcp().send(id, list_);
}

Bytes Registry::encode_list() const {
  const auto all = devices();
  const auto count = std::to_string(all.size());
  const auto period = period_text(options_.period);
  auto list = encode_message(registry::list, {{registry::devices, count}, {period_key, period}});
  for (const auto& device : all) append(list, encode_device(to_string(DeviceChange::added), device));
  return list;
}

// The client goes as well, so it is told nothing more.
void Registry::remove(Client& client, std::string_view why) {
  client.listens = false;
  if (!client.device) return;
  const auto device = *std::exchange(client.device, std::nullopt);
  ++stats_.removed;
  list_.reset();
  if (!stopping_) tell(DeviceChange::removed, device, why);
}

void Registry::tell(DeviceChange change, const Device& device, std::string_view why) {
  const auto message = std::make_shared<const Bytes>(encode_device(to_string(change), device, why));
  for (const auto& [id, client] : clients_) {
    if (client.listens) server_.tcp().send(id, message);
  }
  if (events_.on_change) events_.on_change(change, device, why);
}

void Registry::complain(ClientId id, const Client& client, std::string_view type, std::string_view text) {
  ++stats_.malformed;
  const auto value = as_field_value(text);
  server_.tcp().send(id, encode_message(type, {{registry::why, value}}));
  if (events_.on_error) events_.on_error(client.peer, text);
}

void Registry::on_close(ClientId id, const CloseReason& reason) {
  auto& client = clients_.at(id);
  remove(client, why_of(reason.cause, client.asked.has_value()));
  clients_.erase(id);
}

void Registry::sweep() {
  for (auto& [id, client] : clients_) {
    const auto silence = now() - client.heard;
    if (client.asked && now() - *client.asked > options_.period) {
      cut_off(id, client, "restarted");
    } else if (silence > (client.listens ? most_missed * options_.period : options_.greet_limit)) {
      if (client.device) ++stats_.silent;
      cut_off(id, client, "silent");
    }
  }
}

// abort() tells on_close later, so that the loop over all clients stays good.
void Registry::cut_off(ClientId id, Client& client, std::string_view why) {
  remove(client, why);
  server_.tcp().abort(id, CloseCause::idle);
}

void Registry::stop(std::function<void()> stopped) {
  stopping_ = true;
  server_.tcp().stop(std::move(stopped));
}

std::vector<Device> Registry::devices() const {
  std::vector<const Client*> listed;
  for (const auto& [id, client] : clients_) {
    if (client.device) listed.push_back(&client);
  }
  std::ranges::sort(listed, {}, &Client::turn);
  std::vector<Device> all(listed.size());
  std::ranges::transform(listed, all.begin(), [](const Client* client) { return *client->device; });
  return all;
}

}  // namespace wirelab
