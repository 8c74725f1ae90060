#include "lab/stack/send_queue.hpp"

#include <string>

#include <gtest/gtest.h>

namespace wirelab {
namespace {

std::string waiting(const SendQueue& queue) { return std::string(as_text(queue.waiting())); }

TEST(SendQueueTest, KeepsTheOrder) {
  SendQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.append(as_bytes("abc"));
  queue.append(as_bytes("def"));
  EXPECT_EQ(waiting(queue), "abcdef");
  queue.consume(4);
  EXPECT_EQ(waiting(queue), "ef");
  EXPECT_EQ(queue.size(), 2U);
  queue.append(as_bytes("gh"));
  EXPECT_EQ(waiting(queue), "efgh");
  queue.consume(4);
  EXPECT_TRUE(queue.empty());
}

// What is sent may not pile up in front of what waits.
TEST(SendQueueTest, AQueueThatIsNeverEmptyDoesNotGrow) {
  SendQueue queue;
  std::string expected;
  for (int i = 0; i < 10000; ++i) {
    const auto text = std::to_string(i) + ' ';
    queue.append(as_bytes(text));
    expected += text;
    if (i < 10) continue;
    const auto count = std::min<std::size_t>(queue.size() - 1, text.size());
    queue.consume(count);
    expected.erase(0, count);
    ASSERT_EQ(waiting(queue), expected);
  }
}

}  // namespace
}  // namespace wirelab
