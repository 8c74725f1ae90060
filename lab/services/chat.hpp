// ChatRoom: who is in it hears what the others say. Public.
//
//   member                                     room
//     join;name:Ada           ───────────────▶          the name must be free
//     welcome;name:Ada;members:2;period:20000 ◀──       content: the other members' names, a line each
//     say  "hello"            ───────────────▶          to all others: said;name:Ada "hello"
//     exit                    ───────────────▶          to all others: left;name:Ada;why:exit
//
// The whole protocol with its errors: docs/reference/services.md. What a member does, or omits, concerns it alone: who
// takes too little is cut off once max_queued bytes wait for it, who is silent for three periods too, and who sends
// what is no frame is told so and closed. What is said to many is kept once, however many have not taken it yet.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "lab/base/address.hpp"
#include "lab/base/clock.hpp"
#include "lab/loop/selector.hpp"
#include "lab/services/ports.hpp"
#include "lab/stack/frame_server.hpp"
#include "lab/stack/message.hpp"
#include "lab/stack/opener.hpp"

namespace wirelab {

class ChatRoom {
 public:
  // For whoever shows what happens; called from the loop only, and each may be empty. Names and texts are as the peers
  // sent them: printable() before a terminal sees them. They may not destroy the room.
  struct Events {
    std::function<void(const std::string& name, const Endpoint& peer)> on_join;
    std::function<void(const std::string& name, std::string_view text)> on_say;
    // `why` as the others are told: "exit", "closed", "lost", "silent", "slow", "malformed"; or, which nobody is told,
    // "ended": the room itself did.
    std::function<void(const std::string& name, std::string_view why)> on_leave;
    // Not let in under that name; `why` as in the answer: "name", "taken", "joined".
    std::function<void(const Endpoint& peer, std::string_view name, std::string_view why)> on_refuse;
    // Told that a frame or a message was wrong.
    std::function<void(const Endpoint& peer, std::string_view why)> on_error;
  };
  // A welcome names them all, and still leaves room in the newcomer's queue.
  static constexpr std::size_t most_clients = 10'000;
  struct Options {
    std::size_t max_text = 4096;                      // bytes of what is said at once; at most 65536
    Duration period = std::chrono::seconds(20);       // in which a member shows that it is alive
    Duration join_limit = std::chrono::seconds(10);   // from connecting to joining
    std::size_t max_queued = std::size_t{1} << 20;    // bytes that may wait for a member
    std::size_t max_clients = most_clients;           // connections, no more than that; those beyond are reset
    Duration frame_limit = std::chrono::seconds(10);  // for a frame that comes slowly: FrameServer
    Duration close_limit = std::chrono::seconds(5);   // for a leaving member to take what waits for it
    // Of messages: who says more waits until it is heard again, so that nobody can drown the others.
    PaceLimit pace{.burst = 1000, .interval = std::chrono::milliseconds(5)};
  };
  struct Stats {
    std::uint64_t joined = 0;
    std::uint64_t left = 0;
    std::uint64_t refused = 0;  // joins
    std::uint64_t said = 0;
    std::uint64_t delivered = 0;  // taken by a member's connection: what was said, joins and leaves
    std::uint64_t malformed = 0;  // frames, messages and texts
    std::uint64_t slow = 0;       // members cut off because they took too little
    std::uint64_t silent = 0;     // members cut off because nothing came
  };

  // Throws std::system_error if `local` cannot be listened at. The loop outlives the room.
  ChatRoom(Selector& loop, const Opener& opener, const Endpoint& local, Events events)
      : ChatRoom(loop, opener, local, std::move(events), Options{}) {}
  ChatRoom(Selector& loop, const Opener& opener, const Endpoint& local, Events events, const Options& options);
  ~ChatRoom();
  ChatRoom(const ChatRoom&) = delete;
  ChatRoom& operator=(const ChatRoom&) = delete;

  // Lets nobody in any more and closes every connection once it has taken what waits; `stopped` is called from the
  // loop.
  void stop(std::function<void()> stopped);
  [[nodiscard]] const Endpoint& local() const { return server_.local(); }
  [[nodiscard]] const Stats& stats() const { return stats_; }
  // In the order of joining.
  [[nodiscard]] std::vector<std::string> members() const;
  // Bytes that wait for members, counted once for each.
  [[nodiscard]] std::size_t queued() const;
  // How often a member said more than the pace allows.
  [[nodiscard]] std::uint64_t held_up() const { return server_.held_up(); }
  [[nodiscard]] const TcpServer& tcp() const { return server_.tcp(); }

 private:
  using ClientId = FrameServer::ClientId;
  struct Client {
    Endpoint peer;
    SteadyTime heard;      // and before joining: of connecting
    std::string name;      // empty: not joined yet
    std::uint64_t turn{};  // of joining
  };

  FrameServer::Events frame_events();
  static FrameServer::Options frame_options(const Options& options);
  void on_frame(ClientId id, const Frame& frame);
  void on_message(ClientId id, Client& client, const Message& message);
  void on_close(ClientId id, const CloseReason& reason);
  void join(ClientId id, Client& client, const Message& message);
  void welcome(ClientId id, const Client& client);
  void say(ClientId id, const Client& client, std::string_view text);
  void leave(ClientId id, Client& client, std::string_view why);
  void tell_others(ClientId id, Bytes message);
  void refuse(ClientId id, const Client& client, std::string_view name, std::string_view why, std::string_view text);
  void complain(ClientId id, const Client& client, std::string_view text);
  void cut_off_the_silent();

  Selector& loop_;
  Events events_;
  Options options_;
  std::unordered_map<ClientId, Client> clients_;
  std::unordered_set<std::string> taken_;  // name_key()s
  std::uint64_t turns_ = 0;
  bool stopping_ = false;
  Stats stats_;
  FrameServer server_;
  Selector::TimerId sweep_;
};

}  // namespace wirelab
