// Service: what wirelab serve runs, and how what happens at it is told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "lab/base/address.hpp"
#include "lab/loop/selector.hpp"
#include "lab/stack/pace.hpp"
#include "lab/stack/tcp_server.hpp"
#include "scenarios/cli/output.hpp"

namespace wirelab::cli {

// What the user chose; what is not set is the service's own choice.
struct ServiceOptions {
  Endpoint listen;
  std::optional<std::size_t> max_clients;
  std::optional<Duration> idle_limit;     // without a byte in either direction
  std::optional<Duration> message_limit;  // for a message, or a request, that comes slowly
  std::string root;                       // of http; empty: the lab's page
};

class Service {
 public:
  Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  virtual ~Service() = default;

  [[nodiscard]] virtual Endpoint local() const = 0;
  // Listens no more and ends all connections in order; `stopped` is called from the loop.
  virtual void stop(std::function<void()> stopped) = 0;
  // What it did so far, for the result: "messages" and "malformed" at least.
  [[nodiscard]] virtual nlohmann::json counts() const = 0;
  [[nodiscard]] virtual const TcpServer& tcp() const = 0;
};

// Tells events, a line or an object each, at once; nothing under --quiet.
class ServiceTeller {
 public:
  using ClientId = TcpServer::ClientId;

  explicit ServiceTeller(const Output& output) : output_(output) {}

  void tell(const nlohmann::json& object, std::string_view line) const;
  // Of something wrong, of which a peer can do as much as it likes: beyond a pace it is only counted, and the number
  // told with the next one.
  void tell_wrong(const nlohmann::json& object, std::string_view line);
  void joined(ClientId client, const Endpoint& peer);
  void left(ClientId client, const CloseReason& reason);
  // `what` is wrong: a frame or a request. It is why the client is closed then.
  void malformed(ClientId client, std::string_view what, std::uint64_t offset);
  // From now on those who leave do so because the service ends.
  void stopping() { stopping_ = true; }
  // "10.0.0.1:4000"; empty for a client that is gone.
  [[nodiscard]] std::string peer(ClientId client) const;
  [[nodiscard]] bool quiet() const { return output_.quiet(); }
  [[nodiscard]] bool verbose() const { return output_.verbose(); }

 private:
  struct Peer {
    Endpoint endpoint;
    bool was_wrong = false;
  };
  [[nodiscard]] std::string why_left(ClientId client, const CloseReason& reason) const;

  const Output& output_;
  std::map<ClientId, Peer> peers_;
  bool stopping_ = false;
  Pace wrongs_;
  SteadyTime silent_until_;
  std::uint64_t omitted_ = 0;
};

// Throw std::system_error if they cannot listen.
std::unique_ptr<Service> echo_service(Selector& loop, const Output& output, const ServiceOptions& options);
std::unique_ptr<Service> chat_service(Selector& loop, const Output& output, const ServiceOptions& options);
std::unique_ptr<Service> registry_service(Selector& loop, const Output& output, const ServiceOptions& options);
std::unique_ptr<Service> http_service(Selector& loop, const Output& output, const ServiceOptions& options);

}  // namespace wirelab::cli
