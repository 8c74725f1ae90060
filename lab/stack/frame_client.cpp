#include "lab/stack/frame_client.hpp"

#include <utility>
#include <variant>

namespace wirelab {

FrameClient::FrameClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& server, Events events,
                         const Options& options)
    : events_(std::move(events)),
      decoder_(options.frame),
      alive_(std::make_shared<bool>(true)),
      tcp_(loop, std::move(opener), local, server, tcp_events(), options.tcp) {}

FrameClient::~FrameClient() { *alive_ = false; }

TcpClient::Events FrameClient::tcp_events() {
  return {.on_connect = events_.on_connect,
          .on_data = [this](ByteView bytes) { on_data(bytes); },
          .on_end = [this] { on_end(); },
          .on_drained = events_.on_drained,
          .on_close = events_.on_close,
          .on_retry = events_.on_retry};
}

void FrameClient::on_data(ByteView bytes) {
  const auto alive = alive_;
  decoder_.feed(bytes);
  auto next = decoder_.next();
  for (; std::holds_alternative<Frame>(next); next = decoder_.next()) {
    if (events_.on_frame) events_.on_frame(std::get<Frame>(next));
    if (!*alive || !tcp_.is_open()) return;
  }
  decoder_.keep();
  if (const auto* error = std::get_if<FrameError>(&next)) fail(*error);
}

void FrameClient::on_end() {
  if (const auto error = decoder_.eof()) return fail(*error);
  events_.on_end ? events_.on_end() : tcp_.close();
}

void FrameClient::fail(const FrameError& error) {
  const auto alive = alive_;
  if (events_.on_bad_frame) events_.on_bad_frame(error);
  if (*alive) tcp_.abort();
}

}  // namespace wirelab
