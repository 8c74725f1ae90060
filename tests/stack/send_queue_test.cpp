#include "lab/stack/send_queue.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/allocations.hpp"

namespace wirelab {
namespace {

// What one system call of `pieces` pieces would send.
template <std::size_t pieces = 8>
std::string waiting(const SendQueue& queue) {
  std::array<iovec, pieces> room;
  std::string text;
  for (const auto& piece : queue.waiting(room)) text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  return text;
}

SharedBytes shared(std::string_view text) { return std::make_shared<const Bytes>(copy_of(as_bytes(text))); }

TEST(SendQueueTest, KeepsTheOrder) {
  SendQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.append(as_bytes("abc"));
  queue.append(shared("def"), 0);
  queue.append(as_bytes("ghi"));
  EXPECT_EQ(waiting(queue), "abcdefghi");
  EXPECT_EQ(waiting<2>(queue), "abcdef");
  queue.consume(4);
  EXPECT_EQ(waiting(queue), "efghi");
  EXPECT_EQ(queue.size(), 5U);
  queue.append(as_bytes("jk"));
  EXPECT_EQ(waiting(queue), "efghijk");
  queue.consume(7);
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueueTest, TakesWhatIsLeftOfSharedBytes) {
  SendQueue queue;
  queue.append(shared("abc"), 2);
  queue.append(shared("def"), 1);
  EXPECT_EQ(waiting(queue), "cef");
  queue.append(as_bytes(""));
  EXPECT_EQ(queue.size(), 3U);
}

TEST(SendQueueTest, SharedBytesAreKeptOnceAndGivenBackOnceSent) {
  const auto bytes = shared(std::string(100000, 'x'));
  std::array<SendQueue, 10> queues;
  const auto taken = allocations_of([&] {
    for (auto& queue : queues) queue.append(bytes, 0);
  });
  EXPECT_LT(taken.bytes, 10'000U);
  EXPECT_EQ(bytes.use_count(), 11);
  for (auto& queue : queues) queue.append(as_bytes("more"));
  for (auto& queue : queues) queue.consume(bytes->size());
  EXPECT_EQ(bytes.use_count(), 1) << "though more waits behind them";
}

// What is sent may not pile up in front of what waits.
TEST(SendQueueTest, AQueueThatIsNeverEmptyDoesNotGrow) {
  SendQueue queue;
  std::string expected;
  const auto play = [&](int messages) {
    for (int i = 0; i < messages; ++i) {
      const auto text = std::to_string(i) + ' ';
      i % 3 == 0 ? queue.append(shared(text), 0) : queue.append(as_bytes(text));
      expected += text;
      if (queue.size() < 100) continue;
      queue.consume(text.size());
      expected.erase(0, text.size());
      ASSERT_TRUE(expected.starts_with(waiting(queue)));
    }
  };
  play(10'000);
  EXPECT_LT(allocations_of([&] { const auto copy = queue; }).bytes, 20'000U);
}

TEST(SendQueueTest, AnEmptyQueueHoldsNoMemory) {
  SendQueue queue;
  queue.append(as_bytes(std::string(1'000'000, 'x')));
  queue.consume(1'000'000);
  EXPECT_EQ(allocations_of([&] { const auto copy = queue; }).count, 0U);
}

}  // namespace
}  // namespace wirelab
