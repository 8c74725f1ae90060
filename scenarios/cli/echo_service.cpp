// wirelab serve echo.
#include <fmt/format.h>

#include "lab/services/echo.hpp"
#include "scenarios/cli/service.hpp"

namespace wirelab::cli {
namespace {

FrameServer::Options frame_options(const ServiceOptions& chosen) {
  FrameServer::Options options;
  if (chosen.message_limit) options.frame_limit = *chosen.message_limit;
  if (chosen.max_clients) options.tcp.max_clients = *chosen.max_clients;
  if (chosen.idle_limit) options.tcp.connection.idle_limit = *chosen.idle_limit;
  return options;
}

class Echo : public Service {
 public:
  Echo(Selector& loop, const Output& output, const ServiceOptions& options)
      : teller_(output), server_(loop, open_here, options.listen, events(), frame_options(options)) {}

  [[nodiscard]] Endpoint local() const override { return server_.local(); }
  void stop(std::function<void()> stopped) override {
    teller_.stopping();
    server_.stop(std::move(stopped));
  }
  [[nodiscard]] nlohmann::json counts() const override {
    return {{"messages", server_.stats().answered}, {"malformed", server_.stats().malformed}};
  }
  [[nodiscard]] const TcpServer& tcp() const override { return server_.tcp(); }

 private:
  using ClientId = EchoServer::ClientId;

  EchoServer::Events events() {
    return {.on_open = [this](ClientId client, const Endpoint& peer) { teller_.joined(client, peer); },
            .on_bad_frame =
                [this](ClientId client, const FrameError& error) {
                  teller_.malformed(client, to_string(error.fault), error.offset);
                },
            .on_close = [this](ClientId client, const CloseReason& reason) { teller_.left(client, reason); },
            .on_bad_datagram =
                [this](const Endpoint& peer, const FrameError& error) {
                  teller_.tell_wrong({{"type", "malformed"},
                                      {"peer", peer.to_string()},
                                      {"reason", to_string(error.fault)},
                                      {"offset", error.offset}},
                                     fmt::format("a datagram of {} is wrong: {}", peer, error.to_string()));
                }};
  }

  ServiceTeller teller_;
  EchoServer server_;
};

}  // namespace

std::unique_ptr<Service> echo_service(Selector& loop, const Output& output, const ServiceOptions& options) {
  return std::make_unique<Echo>(loop, output, options);
}

}  // namespace wirelab::cli
