// What the tests of the selector share: each runs once per backend.
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "lab/loop/selector.hpp"
#include "tests/loop/sockets.hpp"

namespace wirelab {

inline void PrintTo(Poller poller, std::ostream* stream) { *stream << name_of(poller); }

inline void PrintTo(const Ready& ready, std::ostream* stream) {
  *stream << (ready.readable ? "r" : "") << (ready.writable ? "w" : "") << (ready.error ? " error" : "")
          << (ready.hang_up ? " hang-up" : "") << (ready.invalid ? " invalid" : "");
}

}  // namespace wirelab

namespace wirelab::testing {

constexpr auto soon = std::chrono::seconds(2);  // a limit, not a wait: reached only by a failure
constexpr Interest reading{.read = true};
constexpr Interest writing{.write = true};
constexpr Interest both{.read = true, .write = true};
constexpr Interest paused{};

inline SteadyTime now() { return std::chrono::steady_clock::now(); }

struct SelectorTest : ::testing::TestWithParam<Poller> {
  const std::unique_ptr<Selector> selector = Selector::make(GetParam());
  Selector& loop = *selector;
};

// INSTANTIATE_TEST_SUITE_P(All, SomeTest, all_pollers, poller_name);
inline const auto all_pollers = ::testing::Values(Poller::select, Poller::poll, Poller::epoll);
inline std::string poller_name(const ::testing::TestParamInfo<Poller>& tested) {
  return std::string(name_of(tested.param));
}

}  // namespace wirelab::testing
