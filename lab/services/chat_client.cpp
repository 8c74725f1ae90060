#include "lab/services/chat_client.hpp"

#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

#include "lab/services/chat_message.hpp"
#include "lab/services/name.hpp"

namespace wirelab {
namespace {

using namespace std::chrono_literals;

// Of a room that does not tell its own.
constexpr Duration usual_period = 20s;

CloseReason not_a_room() { return {CloseCause::failed, std::make_error_code(std::errc::protocol_error)}; }

std::string checked(std::string name) {
  if (name_fault(name)) throw std::logic_error("ChatClient: this is no name");
  return name;
}

}  // namespace

ChatClient::ChatClient(Selector& loop, Opener opener, const Endpoint& local, const Endpoint& room, std::string name,
                       Events events, const Options& options)
    : name_(checked(std::move(name))),
      events_(std::make_shared<const Events>(std::move(events))),
      answer_limit_(options.tcp.connection.connect_limit),
      heartbeat_(loop, {.on_beat = [this] { client_.tcp().send(encode_message(alive_type)); },
                        .on_silence =
                            [this] {
                              give_up({CloseCause::idle, {}});
                            }}),
      client_(loop, std::move(opener), local, room, frame_events(),
              {.frame = {.content = chat::most_list}, .tcp = options.tcp}) {}

FrameClient::Events ChatClient::frame_events() {
  return {.on_connect =
              [this] {
                heartbeat_.start(answer_limit_ / most_missed);
                join(name_);
              },
          .on_frame = [this](const Frame& frame) { on_frame(frame); },
          .on_bad_frame = [this](const FrameError&) { give_up(not_a_room()); },
          .on_end = {},
          .on_drained = events_->on_drained,
          .on_close = [this](const CloseReason& reason) { on_close(reason); },
          .on_retry = events_->on_retry};
}

void ChatClient::join(std::string name) {
  name_ = checked(std::move(name));
  client_.tcp().send(encode_message(chat::join, {{chat::name, name_}}));
}

bool ChatClient::say(std::string_view text) {
  if (!in_ || text.size() > chat::most_text) return false;
  return client_.tcp().send(encode_message(chat::say, {}, as_bytes(text)));
}

void ChatClient::leave() {
  const bool was_in = std::exchange(in_, false);
  // The room ends the connection, behind everything that it still has for us.
  if (!was_in || !client_.tcp().send(encode_message(chat::exit))) client_.tcp().close();
}

void ChatClient::on_frame(const Frame& frame) {
  const auto events = events_;
  if (met_) heartbeat_.heard();
  const auto message = read_message(frame);
  const auto* known = std::get_if<Message>(&message);
  const bool is_answer = known != nullptr && (known->type == chat::welcome || known->type == chat::refused);
  if (!met_ && !is_answer) return give_up(not_a_room());  // which any room says first
  if (known != nullptr) on_message(*known);
}

// What is not known here may be said by a newer room, and is passed over.
void ChatClient::on_message(const Message& message) {
  const auto& type = message.type;
  const auto name = message.value(chat::name).value_or("");
  const auto why = message.value(chat::why).value_or("");
  if (type == chat::welcome) return on_welcome(message);
  if (type == chat::said && events_->on_say) return events_->on_say(name, message.text());
  if (type == chat::joined && events_->on_join) return events_->on_join(name);
  if (type == chat::left && events_->on_leave) return events_->on_leave(name, why);
  if (type == chat::refused) met_ = true;
  if (type == chat::refused && events_->on_refused) return events_->on_refused(why, message.text());
  if (type == chat::error && events_->on_error) return events_->on_error(message.text());
}

void ChatClient::on_welcome(const Message& message) {
  in_ = met_ = true;
  heartbeat_.start(period_in(message).value_or(usual_period));
  if (events_->on_welcome) events_->on_welcome(chat::names_in(message.text()));
}

void ChatClient::give_up(const CloseReason& reason) {
  reason_ = reason;
  client_.tcp().abort();
}

void ChatClient::on_close(const CloseReason& reason) {
  const auto events = events_;
  in_ = false;
  heartbeat_.stop();
  if (events->on_end) events->on_end(reason_.value_or(reason));
}

}  // namespace wirelab
