#include "scenarios/conversation.hpp"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "lab/services/ports.hpp"
#include "scenarios/look_for.hpp"
#include "scenarios/party.hpp"

namespace wirelab::scenarios {
namespace {

constexpr Duration patience = std::chrono::seconds(1);  // far above what any answer in a lab takes

Endpoint serve_echo(Stage& stage, std::string_view host) {
  const Endpoint service{stage.address_of(host), echo_port};
  stage.stay(std::make_unique<EchoServer>(stage.lab.loop(), stage.lab.opener(host), service));
  return service;
}

}  // namespace

Conversation::Conversation(Stage& stage, std::string_view client, std::string_view server)
    : stage_(stage),
      tap_(fmt::format("{}:eth0", client)),
      service_(serve_echo(stage, server)),
      tcp_(stage.lab.loop(), stage.lab.opener(client), Transport::tcp, {stage.address_of(client), Port{}}, service_),
      tcp_socket_(latest_socket(stage, client)),
      udp_(stage.lab.loop(), stage.lab.opener(client), Transport::udp, {stage.address_of(client), Port{}}, service_),
      udp_socket_(latest_socket(stage, client)) {
  const bool talking = stage.lab.wait_until([&] { return tcp_.answered() > 0 && udp_.answered() > 0; }, patience);
  Lab::require(talking, "the reference echo service does not answer");
}

// The messages lie anywhere in the trace.
const capture::Packet* Conversation::ever_seen(const capture::Trace::Fits& fits) const {
  return stage_.seen(tap_, fits, Stamp{});
}

void Conversation::finish() {
  for (auto* client : {&tcp_, &udp_}) client->stop();
  stage_.lab.wait_until([&] { return tcp_.in_flight() == 0 && udp_.in_flight() == 0; }, patience);
  stage_.check("both sides end the TCP connection in order", true,
               {ever_seen(look_for::tcp(tcp_socket_, service_, look_for::is_fin)),
                ever_seen(look_for::tcp(service_, tcp_socket_, look_for::is_fin))});
  check_all_came_back(
      "TCP", tcp_,
      {ever_seen(look_for::segment(tcp_socket_, service_)), ever_seen(look_for::segment(service_, tcp_socket_))});
  check_all_came_back(
      "UDP", udp_,
      {ever_seen(look_for::datagram(udp_socket_, service_)), ever_seen(look_for::datagram(service_, udp_socket_))});
}

void Conversation::check_all_came_back(std::string_view transport, const EchoClient& client, Evidence evidence) {
  stage_.check(
      fmt::format("all {} framed messages over {} came back unchanged", client.sent(), transport),
      client.sent() > 0 && client.sent() == client.answered() && client.errors() == 0, std::move(evidence),
      fmt::format("{} came back, with {} errors: {}", client.answered(), client.errors(), client.last_error()));
}

}  // namespace wirelab::scenarios
