#include "scenarios/party.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "scenarios/look_for.hpp"

namespace wirelab::scenarios {

Party::Party(Stage& stage, std::string_view host, const Endpoint& own, const Endpoint& other)
    : stage_(&stage), tap_(fmt::format("{}:eth0", host)), own_(own), other_(other) {}

const capture::Packet* Party::said(const Fits& fits) const {
  return stage_->seen(tap_, look_for::tcp(own_, other_, fits));
}

const capture::Packet* Party::heard(const Fits& fits) const {
  return stage_->seen(tap_, look_for::tcp(other_, own_, fits));
}

const capture::Packet* Party::said(std::string_view text) const { return said(look_for::has_text(text)); }

const capture::Packet* Party::heard(std::string_view text) const { return heard(look_for::has_text(text)); }

Evidence Party::all() const { return stage_->all_seen(tap_, look_for::between(own_, other_)); }

Endpoint latest_socket(const Stage& stage, std::string_view host) {
  const auto& sockets = stage.lab.journal().stack_sockets();
  const auto found =
      std::find_if(sockets.rbegin(), sockets.rend(), [&](const auto& each) { return each.host == host; });
  if (found == sockets.rend()) throw std::logic_error(fmt::format("{} has no socket", host));
  return found->local;
}

}  // namespace wirelab::scenarios
