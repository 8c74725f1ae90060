#include "lab/base/error.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include "lab/base/clock.hpp"

namespace wirelab {
namespace {

TEST(Error, SaysWhatWasTriedAndWhy) {
  try {
    throw_errno("bind 10.1.0.2:4000 in A", EADDRINUSE);
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::address_in_use);
    EXPECT_EQ(std::string(error.what()), "bind 10.1.0.2:4000 in A: Address already in use");
  }
}

TEST(Error, CheckErrnoReturnsWhatIsNoFailure) {
  EXPECT_EQ(check_errno(0, "nothing"), 0);
  EXPECT_EQ(check_errno(7, "nothing"), 7);
  errno = ENOENT;
  try {
    check_errno(-1, "open the file");
    FAIL() << "-1 is a failure";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
  }
}

Where caller(Where where = Where::here()) { return where; }

TEST(Where, IsTheLineThatCalled) {
  const int here = __LINE__ + 1;
  const auto where = caller();
  EXPECT_EQ(where.line, here);
  EXPECT_NE(std::string(where.file).find("error_test.cpp"), std::string::npos);
  const Unmet unmet("no echo reply", where);
  EXPECT_EQ(unmet.where().line, here);
  EXPECT_EQ(std::string(unmet.what()), "no echo reply");
}

TEST(Clock, StampsAreOfToday) {
  using namespace std::chrono;
  const auto year_2020 = sys_days(year(2020) / January / 1);
  EXPECT_GT(stamp_now(), year_2020);
}

}  // namespace
}  // namespace wirelab
