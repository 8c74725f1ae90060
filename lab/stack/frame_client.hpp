// FrameClient: a TcpClient that speaks in frames. Public.
#pragma once

#include <functional>
#include <memory>

#include "lab/stack/frame_decoder.hpp"
#include "lab/stack/tcp_client.hpp"

namespace wirelab {

class FrameClient {
 public:
  // Called from the loop only, and each may be empty. They may destroy the client.
  struct Events {
    std::function<void()> on_connect;
    std::function<void(const Frame&)> on_frame;           // good during the call
    std::function<void(const FrameError&)> on_bad_frame;  // abort() follows
    std::function<void()> on_end;                         // the server sends no more; empty: close()
    std::function<void()> on_drained;                     // as TcpClient's
    std::function<void(CloseReason)> on_close;
    std::function<void(const CloseReason&, Duration pause)> on_retry;  // as TcpClient's
  };
  struct Options {
    FrameLimits frame;
    TcpClient::Options tcp;
  };

  // As TcpClient's.
  FrameClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& server, Events events)
      : FrameClient(loop, std::move(opener), local, server, std::move(events), Options{}) {}
  FrameClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& server, Events events,
              const Options& options);
  ~FrameClient();
  FrameClient(const FrameClient&) = delete;
  FrameClient& operator=(const FrameClient&) = delete;

  // Everything else is the TCP client's: send() takes encoded frames.
  [[nodiscard]] TcpClient& tcp() { return tcp_; }
  [[nodiscard]] const TcpClient& tcp() const { return tcp_; }

 private:
  TcpClient::Events tcp_events();
  void on_data(ByteView bytes);
  void on_end();
  void fail(const FrameError& error);

  // Outlives the client while one of the handlers runs, which may destroy it.
  struct Handlers {
    Events events;
    bool client_lives = true;
  };

  std::shared_ptr<Handlers> handlers_;
  FrameDecoder decoder_;
  TcpClient tcp_;
};

}  // namespace wirelab
