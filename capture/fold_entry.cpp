#include "capture/fold_entry.hpp"

#include <fmt/format.h>

#include "capture/payload_text.hpp"

namespace wirelab::capture {

void Entry::absorb(const Scene::Row& other) {
  row.sightings.insert(row.sightings.end(), other.sightings.begin(), other.sightings.end());
  row.steps.insert(row.steps.end(), other.steps.begin(), other.steps.end());
}

std::string Entry::label() const {
  const auto tcp = deed->is_udp() ? "UDP" : "TCP";
  switch (shape) {
    case Shape::packet:
      return row.label;
    case Shape::data:
      return fmt::format("{} {} {}, {}", tcp, packets, deed->is_udp() ? "datagrams" : "segments", amount_text(bytes));
    case Shape::frame:
      return fmt::format("TCP frame {}, {} segments", frame, packets);
    case Shape::messages:
      return fmt::format("{} {} messages{}{}, {}", tcp, packets, deed->gist.empty() ? "" : " ", deed->gist,
                         amount_text(bytes));
    case Shape::handshake:
      return fmt::format("TCP handshake {} > {}", deed->source, deed->destination);
    case Shape::close:
      return "TCP FIN from both ends";
    case Shape::conversation:
      return fmt::format("{} conversation {} {} {}, {} packets{}", tcp, deed->source, row.both_ways ? "<->" : "->",
                         deed->destination, packets,
                         messages == 0 ? "" : fmt::format(", {} message{}", messages, messages == 1 ? "" : "s"));
  }
  return row.label;
}

}  // namespace wirelab::capture
