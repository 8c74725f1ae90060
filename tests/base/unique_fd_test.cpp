#include "lab/base/unique_fd.hpp"

#include <type_traits>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>

namespace wirelab {
namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFd, ClosesWhenItsOwnerGoes) {
  int fd = -1;
  {
    const UniqueFd owner(open_null());
    fd = owner.get();
    ASSERT_TRUE(owner && is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, OwnsNothingByDefault) {
  const UniqueFd nothing;
  EXPECT_EQ(nothing.get(), -1);
  EXPECT_FALSE(nothing);
  const UniqueFd zero_is_a_descriptor(UniqueFd(::dup(0)).release());
  EXPECT_TRUE(zero_is_a_descriptor);
}

TEST(UniqueFd, MovesItsDescriptor) {
  static_assert(!std::is_copy_constructible_v<UniqueFd> && !std::is_copy_assignable_v<UniqueFd>);
  static_assert(!std::is_convertible_v<int, UniqueFd>);
  UniqueFd first(open_null());
  const int fd = first.get();
  UniqueFd second(std::move(first));
  EXPECT_EQ(first.get(), -1);  // NOLINT(bugprone-use-after-move): what is left is the point
  EXPECT_EQ(second.get(), fd);
  UniqueFd third(open_null());
  const int replaced = third.get();
  third = std::move(second);
  EXPECT_EQ(third.get(), fd);
  EXPECT_FALSE(is_open(replaced));
  EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFd, SurvivesMovingToItself) {
  UniqueFd owner(open_null());
  auto& same = owner;
  owner = std::move(same);
  EXPECT_TRUE(is_open(owner.get()));
}

TEST(UniqueFd, ReleaseGivesTheDescriptorAway) {
  UniqueFd owner(open_null());
  const int fd = owner.release();
  EXPECT_FALSE(owner);
  EXPECT_TRUE(is_open(fd));
  ::close(fd);
}

TEST(UniqueFd, ResetClosesTheOldOneOnly) {
  UniqueFd owner(open_null());
  const int first = owner.get();
  owner.reset(owner.get());
  EXPECT_TRUE(is_open(first));
  const int second = open_null();
  owner.reset(second);
  EXPECT_FALSE(is_open(first));
  EXPECT_TRUE(is_open(second));
  owner.reset();
  EXPECT_FALSE(is_open(second));
  EXPECT_FALSE(owner);
}

}  // namespace
}  // namespace wirelab
