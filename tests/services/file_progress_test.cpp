#include "lab/services/file_progress.hpp"

#include <gtest/gtest.h>

namespace wirelab {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime start{1000s};

TEST(FileMeter, TellsTheRateAndWhatIsLeft) {
  FileMeter meter(1000, 0, start);
  const auto progress = meter.at(start + 2s, 200);
  EXPECT_EQ(progress.bytes, 200U);
  EXPECT_EQ(progress.size, 1000U);
  EXPECT_DOUBLE_EQ(progress.rate, 100);
  EXPECT_EQ(progress.left, 8s);
}

TEST(FileMeter, WhatWasThereBeforeIsNoRate) {
  FileMeter meter(1000, 500, start);
  EXPECT_DOUBLE_EQ(meter.at(start + 1s, 600).rate, 100);
}

TEST(FileMeter, OnlyTheLastSecondsCount) {
  FileMeter meter(100'000, 0, start);
  for (int second = 1; second <= 10; ++second) meter.at(start + second * 1s, static_cast<std::uint64_t>(second) * 1000);
  for (int second = 11; second <= 20; ++second)
    meter.at(start + second * 1s, 10'000 + static_cast<std::uint64_t>(second - 10) * 10);
  EXPECT_NEAR(meter.at(start + 21s, 10'110).rate, 10, 0.1);
}

TEST(FileMeter, NothingIsSaidAboutTheEndOfWhatDoesNotMove) {
  FileMeter meter(1000, 0, start);
  EXPECT_EQ(meter.at(start, 0).left, std::nullopt);
  EXPECT_EQ(meter.at(start + 1s, 0).left, std::nullopt);
  for (int second = 2; second <= 20; ++second) meter.at(start + second * 1s, 10);
  EXPECT_EQ(meter.at(start + 21s, 10).left, std::nullopt);
}

TEST(FileMeter, AWholeFileHasNothingLeft) {
  FileMeter meter(1000, 0, start);
  EXPECT_EQ(meter.at(start + 1s, 1000).left, 0s);
}

}  // namespace
}  // namespace wirelab
