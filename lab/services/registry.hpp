// Registry: devices say where they serve, and everyone who asks is told at once and at every change. Public.
//
//   device                                                    registry
//     register;id:a1;name:Den;instance:4f..;port:17020  ─────▶
//     list;devices:2;period:5000                        ◀─────  two `added` messages follow, one of them its own
//     added;id:b2;name:Loft;...;address:10.0.0.3        ◀─────  later, when another comes
//     alive                                             ◀────▶  in each period, both ways
//     leave                                             ─────▶  to all others: removed;...;why:left
//
// Who sends `watch` instead of `register` is told the same and is not listed. The whole protocol: docs/reference/
// services.md. A device is removed as soon as its connection ends, or when nothing came from it for three periods. A
// second registration of one id with another instance, or from another address, makes the registry ask the first: who
// is still there answers, so both stay; who does not is removed after one period, since the device has been restarted
// or has moved. The same run from the same address is the device itself on a new connection.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lab/base/clock.hpp"
#include "lab/loop/selector.hpp"
#include "lab/services/device.hpp"
#include "lab/services/ports.hpp"
#include "lab/stack/frame_server.hpp"
#include "lab/stack/opener.hpp"

namespace wirelab {

class Registry {
 public:
  // For whoever shows what happens; called from the loop only, and each may be empty. What devices call themselves is
  // as it came: printable() before a terminal sees it. They may not destroy the registry.
  struct Events {
    // `why` a device is removed: "left", "closed" (without a word), "lost", "silent", "restarted", "slow", "malformed";
    // else empty. That the registry itself ends removes nobody.
    std::function<void(DeviceChange, const Device&, std::string_view why)> on_change;
    std::function<void(const Endpoint& peer, std::string_view why)> on_error;
  };
  // A newcomer's list holds them all.
  static constexpr std::size_t most_clients = 10'000;
  struct Options {
    Duration period = std::chrono::seconds(5);        // in which a device shows that it is alive
    Duration greet_limit = std::chrono::seconds(10);  // from connecting to `register` or `watch`
    std::size_t max_queued = std::size_t{1} << 20;    // bytes that may wait for a client, beside its list
    std::size_t max_clients = most_clients;           // connections, no more than that; those beyond are reset
    Duration frame_limit = std::chrono::seconds(10);  // for a frame that comes slowly: FrameServer
    Duration close_limit = std::chrono::seconds(5);   // for a leaving client to take what waits for it
    PaceLimit pace{.burst = 1000, .interval = std::chrono::milliseconds(5)};  // of messages; who says more waits
  };
  struct Stats {
    std::uint64_t registered = 0;  // also again
    std::uint64_t watching = 0;
    std::uint64_t removed = 0;
    std::uint64_t silent = 0;     // of these because nothing came
    std::uint64_t malformed = 0;  // frames and messages
  };

  // Throws std::system_error if `local` cannot be listened at. The loop outlives the registry.
  Registry(Selector& loop, const Opener& opener, const Endpoint& local, Events events)
      : Registry(loop, opener, local, std::move(events), Options{}) {}
  Registry(Selector& loop, const Opener& opener, const Endpoint& local, Events events, const Options& options);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Closes every connection once it has taken what waits; `stopped` is called from the loop.
  void stop(std::function<void()> stopped);
  [[nodiscard]] const Endpoint& local() const { return server_.local(); }
  [[nodiscard]] const Stats& stats() const { return stats_; }
  // In the order of their coming.
  [[nodiscard]] std::vector<Device> devices() const;
  [[nodiscard]] const TcpServer& tcp() const { return server_.tcp(); }
  // How often a client said more than the pace allows.
  [[nodiscard]] std::uint64_t held_up() const { return server_.held_up(); }

 private:
  using ClientId = FrameServer::ClientId;
  struct Client {
    Endpoint peer;
    SteadyTime heard;
    std::optional<SteadyTime> asked;  // whether it is still there
    bool listens = false;             // is told of changes
    std::optional<Device> device;
    std::uint64_t turn{};  // of registering
  };

  FrameServer::Events frame_events();
  static FrameServer::Options frame_options(const Options& options);
  void on_frame(ClientId id, const Frame& frame);
  void on_message(ClientId id, Client& client, const Message& message);
  void on_close(ClientId id, const CloseReason& reason);
  void enter(ClientId id, Client& client, const Message& message);
  std::optional<Device> take_over(ClientId newcomer, Client& client, const Device& device);
  void send_list(ClientId id, Client& client);
  [[nodiscard]] Bytes encode_list() const;
  void remove(Client& client, std::string_view why);
  void tell(DeviceChange change, const Device& device, std::string_view why = "");
  void complain(ClientId id, const Client& client, std::string_view type, std::string_view text);
  void cut_off(ClientId id, Client& client, std::string_view why);
  void sweep();

  Selector& loop_;
  Events events_;
  Options options_;
  std::unordered_map<ClientId, Client> clients_;
  SharedBytes list_;  // for newcomers, until the next change
  std::uint64_t turns_ = 0;
  bool stopping_ = false;
  Stats stats_;
  FrameServer server_;
  Selector::TimerId sweep_;
};

}  // namespace wirelab
