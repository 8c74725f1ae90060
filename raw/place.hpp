// Place: where raw sockets are opened, which loop serves them, and who hears of what they send. Public.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "lab/journal.hpp"
#include "lab/lab.hpp"
#include "lab/loop/selector.hpp"

namespace wirelab::raw {

// Told of each packet just before it is sent, so that a trace can say which ones were made by hand. May be empty.
using Witness = std::function<void(Journal::Forged)>;

struct Place {
  // Outlives everything opened here.
  Selector& loop;
  Witness witness;
  // Runs the work in the place's network namespace; empty: in that of the calling thread.
  std::function<void(const std::function<void()>&)> inside;

  // What `make` opens in this place.
  template <class Make>
  auto open(Make&& make) const {
    std::optional<decltype(make())> opened;
    const auto work = [&] { opened.emplace(make()); };
    if (inside) {
      inside(work);
    } else {
      work();
    }
    return std::move(*opened);
  }
};

// In a host of a lab; what is sent goes into its journal. The lab outlives the place.
Place at(Lab& lab, std::string_view host);
// In the network namespace of the calling thread; nobody is told.
Place here(Selector& loop);

}  // namespace wirelab::raw
