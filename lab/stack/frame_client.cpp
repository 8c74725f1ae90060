#include "lab/stack/frame_client.hpp"

#include <utility>
#include <variant>

namespace wirelab {

FrameClient::FrameClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& server, Events events,
                         const Options& options)
    : handlers_(std::make_shared<Handlers>(Handlers{std::move(events)})),
      decoder_(options.frame),
      tcp_(loop, std::move(opener), local, server, tcp_events(), options.tcp) {}

FrameClient::~FrameClient() { handlers_->client_lives = false; }

TcpClient::Events FrameClient::tcp_events() {
  const auto& events = handlers_->events;
  return {.on_connect = events.on_connect,
          .on_data = [this](ByteView bytes) { on_data(bytes); },
          .on_end = [this] { on_end(); },
          .on_drained = events.on_drained,
          .on_close = events.on_close,
          .on_retry = events.on_retry};
}

void FrameClient::on_data(ByteView bytes) {
  const auto handlers = handlers_;
  decoder_.feed(bytes);
  for (;;) {
    const auto next = decoder_.next();
    if (const auto* error = std::get_if<FrameError>(&next)) return fail(*error);
    const auto* frame = std::get_if<Frame>(&next);
    if (frame == nullptr) break;
    if (handlers->events.on_frame) handlers->events.on_frame(*frame);
    if (!handlers->client_lives || !tcp_.is_open()) return;
  }
  decoder_.keep();
}

void FrameClient::on_end() {
  if (const auto error = decoder_.eof()) return fail(*error);
  const auto handlers = handlers_;
  handlers->events.on_end ? handlers->events.on_end() : tcp_.close();
}

void FrameClient::fail(const FrameError& error) {
  const auto handlers = handlers_;
  if (handlers->events.on_bad_frame) handlers->events.on_bad_frame(error);
  if (handlers->client_lives) tcp_.abort();
}

}  // namespace wirelab
