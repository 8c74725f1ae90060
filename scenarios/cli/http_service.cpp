// wirelab serve http.
#include <system_error>

#include <fmt/format.h>

#include "lab/base/error.hpp"
#include "lab/services/http_folder.hpp"
#include "lab/services/http_lab_page.hpp"
#include "scenarios/cli/service.hpp"

namespace wirelab::cli {
namespace {

HttpServer::Options http_options(const ServiceOptions& chosen) {
  HttpServer::Options options;
  if (chosen.message_limit) options.request_limit = *chosen.message_limit;
  if (chosen.idle_limit) options.idle_limit = *chosen.idle_limit;
  if (chosen.max_clients) options.tcp.max_clients = *chosen.max_clients;
  return options;
}

class Http : public Service {
 public:
  Http(Selector& loop, const Output& output, const ServiceOptions& options)
      : teller_(output), server_(loop, open_here, options.listen, handler(options), events(), http_options(options)) {}

  [[nodiscard]] Endpoint local() const override { return server_.local(); }
  void stop(std::function<void()> stopped) override {
    teller_.stopping();
    server_.stop(std::move(stopped));
  }
  [[nodiscard]] nlohmann::json counts() const override {
    const auto& stats = server_.stats();
    return {{"messages", stats.answered}, {"malformed", stats.malformed}, {"late", stats.late}};
  }
  [[nodiscard]] const TcpServer& tcp() const override { return server_.tcp(); }

 private:
  using ClientId = HttpServer::ClientId;

  static HttpServer::Handler handler(const ServiceOptions& options) {
    if (options.root.empty()) return http_lab_page;
    try {
      return http_folder(options.root);
    } catch (const std::system_error& error) {
      throw BadInput(fmt::format("{}\n--root takes a folder that you may read", error.what()));
    }
  }

  HttpServer::Events events() {
    return {.on_open = [this](ClientId client, const Endpoint& peer) { teller_.joined(client, peer); },
            .on_answer = [this](ClientId client, const HttpRequest& request,
                                unsigned status) { answered(client, request, status); },
            .on_bad_request =
                [this](ClientId client, const HttpError& error) {
                  teller_.malformed(client, to_string(error.fault), error.offset);
                },
            .on_close = [this](ClientId client, const CloseReason& reason) { teller_.left(client, reason); }};
  }

  void answered(ClientId client, const HttpRequest& request, unsigned status) const {
    if (teller_.quiet()) return;
    const auto peer = teller_.peer(client);
    teller_.tell({{"type", "request"},
                  {"client", client},
                  {"peer", peer},
                  {"method", request.method},
                  {"target", request.target},
                  {"status", status}},
                 fmt::format("{} {} {}: {}", peer, request.method, request.target, status));
  }

  ServiceTeller teller_;
  HttpServer server_;
};

}  // namespace

std::unique_ptr<Service> http_service(Selector& loop, const Output& output, const ServiceOptions& options) {
  return std::make_unique<Http>(loop, output, options);
}

}  // namespace wirelab::cli
