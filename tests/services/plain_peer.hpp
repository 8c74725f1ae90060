// PlainPeer: a peer of a service that is nothing but a socket: it sends any bytes, and remembers what messages it got.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lab/stack/frame_decoder.hpp"
#include "lab/stack/message.hpp"
#include "tests/stack/stack_fixture.hpp"

namespace wirelab::testing {

class PlainPeer {
 public:
  explicit PlainPeer(const Endpoint& server) : socket_(plain_client(server)) {}
  // From an address of its own, which on loopback may be any of 127.0.0.0/8.
  PlainPeer(const Endpoint& server, const IpAddress& source) : socket_(inet_socket(SOCK_STREAM)) {
    const SocketAddress local({source, Port{}});
    check_errno(::bind(socket_.get(), local.data(), local.size()), "bind");
    connect_to(socket_.get(), server);
  }

  // Queued until the connection is there; turn() sends it.
  void send(std::string_view bytes) { unsent_ += bytes; }
  void say(std::string_view type, FieldList fields = {}, std::string_view content = "") {
    send(as_text(encode_message(type, fields, as_bytes(content))));
  }
  void turn() {
    if (!unsent_.empty()) {
      const auto count = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
      if (count > 0) unsent_.erase(0, static_cast<std::size_t>(count));
    }
    if (!stalled) receive();
  }
  void reset() { reset_by(socket_); }
  void close() { socket_.reset(); }
  void shut_down() { ::shutdown(socket_.get(), SHUT_WR); }
  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] bool sent_all() const { return unsent_.empty(); }

  // Each message as `said;name:Ada "hello"`.
  std::vector<std::string> heard;
  std::optional<int> end;  // 0 by FIN, else errno
  bool stalled = false;    // reads nothing

 private:
  void receive() {
    Reader reader;
    reader.end = end;
    reader.read(socket_.get());
    end = reader.end;
    decoder_.feed(as_bytes(reader.text));
    for (auto next = decoder_.next(); std::holds_alternative<Frame>(next); next = decoder_.next())
      note(std::get<Frame>(next));
    decoder_.keep();
  }
  void note(const Frame& frame) {
    const auto message = std::get<Message>(read_message(frame));
    std::string text(message.type);
    for (const auto& [key, value] : message.fields()) text += fmt::format(";{}:{}", key, value);
    if (!message.content().empty()) text += fmt::format(" \"{}\"", message.text());
    heard.push_back(std::move(text));
  }

  UniqueFd socket_;
  std::string unsent_;
  FrameDecoder decoder_{{.content = std::size_t{16} << 20}};
};

}  // namespace wirelab::testing
