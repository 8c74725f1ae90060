#include "scenarios/forged_client.hpp"

namespace wirelab::scenarios {
namespace {

constexpr Duration patience = std::chrono::seconds(5);  // far above what any answer in a lab takes

constexpr raw::TcpMachine::Options said_once{.rto = {.initial = 2 * patience, .least = 2 * patience}, .time_wait = {}};

}  // namespace

ForgedClient::ForgedClient(Lab& lab, raw::Station& station, const Endpoint& server)
    : lab_(lab),
      tcp_(station, server, lab.random(),
           {.on_open = [this] { opened_ = true; },
            .on_data = [this](ByteView bytes) { heard_ += as_text(bytes); },
            .on_close = [this](raw::TcpEnd how) { end_ = how; }},
           said_once) {}

bool ForgedClient::waits_for(const std::function<bool()>& what) {
  lab_.wait_until([&] { return what() || end_; }, patience);
  return what();
}

bool ForgedClient::opens() {
  return waits_for([this] { return opened_; });
}

bool ForgedClient::hears(std::size_t bytes) {
  return waits_for([this, bytes] { return heard_.size() >= bytes; });
}

bool ForgedClient::ends(raw::TcpEnd how) {
  return waits_for([this, how] { return end_ == how; });
}

std::string ForgedClient::state() const {
  return std::string(end_ ? raw::to_string(*end_) : raw::to_string(tcp_.machine().state()));
}

}  // namespace wirelab::scenarios
