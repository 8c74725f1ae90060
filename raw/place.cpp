#include "raw/place.hpp"

#include <utility>

namespace wirelab::raw {

Place at(Lab& lab, std::string_view host) {
  const auto& where = lab.host(host);
  return {.loop = lab.loop(),
          .witness =
              [&journal = lab.journal(), name = where.name()](Journal::Forged packet) {
                packet.host = name;
                journal.forged(std::move(packet));
              },
          .inside = [&where](const std::function<void()>& work) { where.in(work); }};
}

Place here(Selector& loop) { return {.loop = loop, .witness = {}, .inside = {}}; }

}  // namespace wirelab::raw
