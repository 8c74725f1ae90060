// main of every wire test: becomes lab root before GoogleTest starts; exits with 77 where that is refused.
#include <cstdio>

#include <gtest/gtest.h>

#include "lab/base/error.hpp"
#include "lab/net/lab_root.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  try {
    wirelab::become_lab_root();
  } catch (const wirelab::Denied& denied) {
    std::printf("skipped: %s\n", denied.what());
    return 77;
  }
  return RUN_ALL_TESTS();
}
