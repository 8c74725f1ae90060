#include "scenarios/bare_client.hpp"

#include <fmt/format.h>

namespace wirelab::scenarios {

BareClient::BareClient(Lab& lab, const Opener& opener, const Endpoint& local, const Endpoint& server) : local_(local) {
  TcpClient::Events events{.on_connect = [this] { connected_ = true; },
                           .on_data = [this](ByteView bytes) { heard_ += as_text(bytes); },
                           .on_close = [this](const CloseReason&) { closed_ = true; }};
  client_ = std::make_unique<TcpClient>(lab.loop(), opener, local, server, std::move(events));
  lab.wait_until([this] { return connected_ || closed_; }, std::chrono::seconds(1));
  Lab::require(connected_, fmt::format("{} does not get a connection to {}", local, server));
}

}  // namespace wirelab::scenarios
