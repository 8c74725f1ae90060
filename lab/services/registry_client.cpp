#include "lab/services/registry_client.hpp"

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

#include "lab/services/registry_message.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;

// Of a registry that does not tell its own.
constexpr Duration usual_period = 5s;
// No registry that means well lists more.
constexpr std::size_t most_devices = 65'536;

SteadyTime now() { return std::chrono::steady_clock::now(); }

CloseReason not_a_registry() { return {CloseCause::failed, std::make_error_code(std::errc::protocol_error)}; }

void check(const std::optional<Device>& self) {
  if (self && device_fault(*self)) throw std::logic_error("RegistryClient: this is no device");
}

}  // namespace

RegistryClient::RegistryClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& registry,
                               Events events, Options options)
    : loop_(loop),
      opener_(std::move(opener)),
      local_(local),
      registry_(registry),
      events_(std::make_shared<const Events>(std::move(events))),
      options_(std::move(options)),
      pause_(options_.retry.first),
      since_(now()),
      heartbeat_(loop, {.on_beat = [this] { send(alive_type); },
                        .on_silence =
                            [this] {
                              give_up({CloseCause::idle, {}});
                            }}) {
  check(options_.self);
  connect();
}

RegistryClient::~RegistryClient() { loop_.cancel(retry_); }

void RegistryClient::connect() {
  client_ = std::make_unique<FrameClient>(
      loop_, opener_, local_, registry_, frame_events(),
      FrameClient::Options{.frame = {.content = 0}, .tcp = {.connection = options_.connection, .retry = {}}});
}

// In a later attempt there may be no descriptor or port: that is one more attempt that failed.
void RegistryClient::connect_again() {
  try {
    connect();
  } catch (const std::system_error& error) {
    on_close({CloseCause::failed, error.code()});
  }
}

FrameClient::Events RegistryClient::frame_events() {
  return {.on_connect = [this] { greet(); },
          .on_frame = [this](const Frame& frame) { on_frame(frame); },
          .on_bad_frame = [this](const FrameError&) { give_up(not_a_registry()); },
          .on_end = {},
          .on_drained = {},
          .on_close = [this](const CloseReason& reason) { on_close(reason); },
          .on_retry = {}};
}

void RegistryClient::greet() {
  heartbeat_.start(options_.connection.connect_limit / most_missed);
  options_.self ? send_self() : send(registry::watch);
}

void RegistryClient::send(std::string_view type) { client_->tcp().send(encode_message(type)); }

void RegistryClient::send_self() {
  const DeviceNumbers numbers(*options_.self);
  client_->tcp().send(encode_message(registry::enter, device_fields(*options_.self, numbers)));
}

void RegistryClient::change(std::string name, Port port) {
  if (!options_.self) throw std::logic_error("RegistryClient: a watcher is no device");
  auto changed = options_.self;
  changed->name = std::move(name);
  changed->port = port;
  check(changed);
  options_.self = std::move(changed);
  if (client_->tcp().is_open()) send_self();
}

void RegistryClient::stop() {
  if (std::exchange(stopping_, true)) return;
  heartbeat_.stop();
  loop_.cancel(retry_);
  if (waiting_) {
    retry_ = loop_.after(Duration::zero(), [this] { end({CloseCause::aborted, {}}); });
    return;
  }
  if (client_->tcp().is_open()) send(registry::leave);
  client_->tcp().close();
}

void RegistryClient::on_frame(const Frame& frame) {
  const auto events = events_;
  if (met_) heartbeat_.heard();
  const auto message = read_message(frame);
  const auto* known = std::get_if<Message>(&message);
  const bool is_answer = known != nullptr && (known->type == registry::list || known->type == registry::refused);
  if (!met_ && !is_answer) return give_up(not_a_registry());  // which any registry says first
  if (known != nullptr) on_message(*known);
}

// What is not known here may be said by a newer registry, and is passed over.
void RegistryClient::on_message(const Message& message) {
  const auto& type = message.type;
  if (type == registry::list) return on_list(message);
  if (type == registry::ask) return send(alive_type);
  for (const auto change : {DeviceChange::added, DeviceChange::changed, DeviceChange::removed}) {
    if (type == to_string(change)) return on_device(change, message);
  }
  if ((type == registry::refused || type == registry::error) && events_->on_refused)
    events_->on_refused(message.value(registry::why).value_or(""));
}

void RegistryClient::on_list(const Message& message) {
  const auto count = message.number(registry::devices);
  if (!count || *count > most_devices) return give_up(not_a_registry());
  met_ = true;
  heartbeat_.start(period_in(message).value_or(usual_period));
  coming_.clear();
  still_to_come_ = *count;
  if (still_to_come_ == 0) list_is_whole();
}

void RegistryClient::list_is_whole() {
  devices_ = std::exchange(coming_, {});
  listed_ = true;
  pause_ = options_.retry.first;
  if (events_->on_list) events_->on_list(devices_);
}

void RegistryClient::on_device(DeviceChange change, const Message& message) {
  auto read = read_device(message, AddressField::needed);
  auto* device = std::get_if<Device>(&read);
  if (device != nullptr) *device = seen_through(std::move(*device), registry_);
  if (still_to_come_ > 0) {
    if (device != nullptr) coming_.push_back(std::move(*device));
    if (--still_to_come_ == 0) list_is_whole();
    return;
  }
  if (device == nullptr || !listed_) return;
  std::erase_if(devices_,
                [&](const Device& known) { return change != DeviceChange::changed && known.is_same_run(*device); });
  if (change == DeviceChange::added) {
    if (devices_.size() == most_devices) return give_up(not_a_registry());
    devices_.push_back(*device);
  } else if (change == DeviceChange::changed) {
    const auto same = [&](const Device& known) { return known.is_same_run(*device); };
    std::ranges::replace_if(devices_, same, *device);
  }
  if (events_->on_change) events_->on_change(change, *device, message.value(registry::why).value_or(""));
}

void RegistryClient::give_up(const CloseReason& reason) {
  reason_ = reason;
  client_->tcp().abort();
}

void RegistryClient::on_close(const CloseReason& how) {
  const auto events = events_;
  const auto reason = std::exchange(reason_, std::nullopt).value_or(how);
  heartbeat_.stop();
  met_ = false;
  if (std::exchange(listed_, false)) since_ = now();
  still_to_come_ = 0;
  if (stopping_ || (options_.retry.limit != Duration::max() && now() + pause_ > since_ + options_.retry.limit))
    return end(reason);
  const auto pause = std::exchange(pause_, std::min(2 * pause_, options_.retry.most));
  waiting_ = true;
  retry_ = loop_.after(pause, [this] {
    waiting_ = false;
    connect_again();
  });
  if (events_->on_retry) events_->on_retry(reason, pause);
}

void RegistryClient::end(const CloseReason& reason) {
  const auto events = events_;
  stopping_ = true;
  if (events_->on_end) events_->on_end(reason);
}

std::vector<Device> RegistryClient::called(std::string_view name) const {
  std::vector<Device> found;
  std::ranges::copy_if(devices_, std::back_inserter(found),
                       [&](const Device& device) { return device.name == name || device.id == name; });
  return found;
}

}  // namespace wirelab
