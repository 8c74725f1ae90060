// RegistryClient: one connection to a Registry, for a device that registers or for a watcher. Public.
//
// It comes back by itself: when there is no registry, or it is gone, connecting is tried again after pauses that grow,
// and what was registered is registered again. In between devices() stays what the registry told last.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "lab/loop/selector.hpp"
#include "lab/services/device.hpp"
#include "lab/services/heartbeat.hpp"
#include "lab/stack/frame_client.hpp"

namespace wirelab {

class RegistryClient {
 public:
  // Called from the loop only, and each may be empty. They may destroy the client. What devices call themselves is as
  // it came: printable() before a terminal sees it.
  struct Events {
    // All devices, as soon as they are known: once for each connection.
    std::function<void(const std::vector<Device>&)> on_list;
    std::function<void(DeviceChange, const Device&, std::string_view why)> on_change;  // after the list
    std::function<void(std::string_view why)> on_refused;  // the registry does not take the own device, or a message
    // Not connected; the next attempt is after `pause`. std::errc::protocol_error: what answered is no registry.
    std::function<void(const CloseReason&, Duration pause)> on_retry;
    std::function<void(const CloseReason&)> on_end;  // the last call: after stop(), or given up
  };
  struct Options {
    std::optional<Device> self;  // nothing: a watcher. Its address is not sent: the registry sees it.
    // Between attempts; the limit counts from the last time that there was a list, or from the start.
    TcpClient::Retry retry{.limit = Duration::max()};
    TcpConnection::Options connection;
  };

  // Connects from `local` (port 0: any); the list may take as long as connecting may. Throws std::system_error only for
  // `local`, and std::logic_error for an own device that device_fault() refuses.
  RegistryClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& registry, Events events)
      : RegistryClient(loop, std::move(opener), local, registry, std::move(events), Options{}) {}
  RegistryClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& registry, Events events,
                 Options options);
  ~RegistryClient();
  RegistryClient(const RegistryClient&) = delete;
  RegistryClient& operator=(const RegistryClient&) = delete;

  // From now on the own device is this; the id and the instance stay. Throws std::logic_error for a watcher.
  void change(std::string name, Port port);
  // Says "leave", so that the others hear it at once, and ends; on_end follows.
  void stop();
  // There is a connection, and the list of it has come.
  [[nodiscard]] bool is_listed() const { return listed_; }
  // As the registry told last, in its order; the own device is among them.
  [[nodiscard]] const std::vector<Device>& devices() const { return devices_; }
  // Those that are called so, by name or id; more than one where names are not unique.
  [[nodiscard]] std::vector<Device> called(std::string_view name) const;

 private:
  void connect();
  void connect_again();
  FrameClient::Events frame_events();
  void greet();
  void on_frame(const Frame& frame);
  void on_message(const Message& message);
  void on_list(const Message& message);
  void on_device(DeviceChange change, const Message& message);
  void on_close(const CloseReason& reason);
  void list_is_whole();
  void send(std::string_view type);
  void send_self();
  void give_up(const CloseReason& reason);
  void end(const CloseReason& reason);

  Selector& loop_;
  Opener opener_;
  Endpoint local_, registry_;
  std::shared_ptr<const Events> events_;  // held while one of them runs, which may destroy the client
  Options options_;
  std::vector<Device> devices_;
  std::vector<Device> coming_;  // of a list that is not whole yet
  std::size_t still_to_come_ = 0;
  bool listed_ = false;
  bool met_ = false;                   // the other side has shown that it is a registry
  std::optional<CloseReason> reason_;  // why the connection was given up here
  bool waiting_ = false;               // for the next attempt
  bool stopping_ = false;
  Duration pause_;
  SteadyTime since_;  // of the limit
  Selector::TimerId retry_;
  Heartbeat heartbeat_;
  std::unique_ptr<FrameClient> client_;
};

}  // namespace wirelab
