// ChatClient: one member of a ChatRoom. Public.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/loop/selector.hpp"
#include "lab/services/heartbeat.hpp"
#include "lab/stack/frame_client.hpp"
#include "lab/stack/message.hpp"

namespace wirelab {

class ChatClient {
 public:
  // Called from the loop only, and each may be empty. They may destroy the client. What peers sent is as it came:
  // printable() before a terminal sees it.
  struct Events {
    std::function<void(const std::vector<std::string>& others)> on_welcome;  // in the room, with these
    // Not let in: "taken", "name", "joined" and a sentence; leave() or join() under another name.
    std::function<void(std::string_view why, std::string_view text)> on_refused;
    std::function<void(std::string_view name)> on_join;
    std::function<void(std::string_view name, std::string_view why)> on_leave;
    std::function<void(std::string_view name, std::string_view text)> on_say;
    std::function<void(std::string_view text)> on_error;               // the room did not take a message
    std::function<void()> on_drained;                                  // what say() had to queue is sent
    std::function<void(const CloseReason&, Duration pause)> on_retry;  // as TcpClient's
    // The last call. std::errc::protocol_error: what answered is no room, or has sent what is no frame.
    std::function<void(const CloseReason&)> on_end;
  };
  struct Options {
    TcpClient::Options tcp;
  };

  // Connects from `local` (port 0: any) and joins; the answer may take as long as connecting may. Throws
  // std::system_error only for `local`, and std::logic_error for a name that name_fault() refuses.
  ChatClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& room, std::string name,
             Events events)
      : ChatClient(loop, std::move(opener), local, room, std::move(name), std::move(events), Options{}) {}
  ChatClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& room, std::string name,
             Events events, const Options& options);
  ChatClient(const ChatClient&) = delete;
  ChatClient& operator=(const ChatClient&) = delete;

  // Under another name, after on_refused.
  void join(std::string name);
  // False if nothing was taken: not in the room, the text is longer than any room takes (65536 bytes), or too much
  // waits already (on_drained tells when to go on).
  bool say(std::string_view text);
  // Says "exit" behind all that was said; on_end follows. Before the room was entered it just ends.
  void leave();
  [[nodiscard]] bool is_in() const { return in_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::size_t queued() const { return client_.tcp().queued(); }

 private:
  FrameClient::Events frame_events();
  void on_frame(const Frame& frame);
  void on_message(const Message& message);
  void on_welcome(const Message& message);
  void on_close(const CloseReason& reason);
  void give_up(const CloseReason& reason);

  std::string name_;
  std::shared_ptr<const Events> events_;  // held while one of them runs, which may destroy the client
  bool in_ = false;
  bool met_ = false;                   // the other side has shown that it is a room
  std::optional<CloseReason> reason_;  // why the connection was given up here
  Duration answer_limit_;
  Heartbeat heartbeat_;
  FrameClient client_;
};

}  // namespace wirelab
