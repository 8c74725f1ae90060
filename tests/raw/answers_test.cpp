#include "raw/answers.hpp"

#include <gtest/gtest.h>

namespace wirelab::raw::test {
namespace {

using namespace std::chrono_literals;

Stamp at(Duration time) { return Stamp(time); }

Reply reply_to(std::uint16_t sequence, Duration when) {
  return {.kind = ReplyKind::echo_reply, .sequence = sequence, .received = at(when)};
}

class AnswersTest : public testing::Test {
 protected:
  void arrive(std::uint16_t sequence, Duration when) {
    answers.arrived(reply_to(sequence, when), [this](const Reply& reply) { told.push_back(reply); });
  }
  std::optional<Reply> take() { return answers.take_within(*loop, 0s); }

  std::unique_ptr<Selector> loop = Selector::make();
  Answers answers;
  std::vector<Reply> told;
};

TEST_F(AnswersTest, AReplyKnowsWhenItsProbeWasSent) {
  answers.sent(1, at(100us));
  answers.sent(2, at(200us));
  arrive(2, 250us);
  arrive(1, 260us);
  const auto first = take();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->sequence, 2);
  EXPECT_EQ(first->rtt(), 50us);
  EXPECT_EQ(take()->rtt(), 160us);
  EXPECT_FALSE(take());
}

TEST_F(AnswersTest, ADuplicateIsToldAndCountedButNotTaken) {
  answers.sent(1, at(0us));
  arrive(1, 10us);
  arrive(1, 20us);
  EXPECT_TRUE(take());
  EXPECT_FALSE(take());
  ASSERT_EQ(told.size(), 2U);
  EXPECT_FALSE(told[0].duplicate);
  EXPECT_TRUE(told[1].duplicate);
  EXPECT_EQ(answers.counts().duplicates, 1U);
}

TEST_F(AnswersTest, AnAnswerToNothingIsForeign) {
  answers.sent(1, at(0us));
  arrive(2, 10us);
  EXPECT_FALSE(take());
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(answers.counts().foreign, 1U);
}

TEST_F(AnswersTest, ASequenceNumberSentAgainIsANewProbe) {
  answers.sent(1, at(0us));
  arrive(1, 10us);
  answers.sent(1, at(100us));
  arrive(1, 130us);
  EXPECT_EQ(take()->rtt(), 10us);
  EXPECT_EQ(take()->rtt(), 30us);
  EXPECT_EQ(answers.counts().duplicates, 0U);
}

}  // namespace
}  // namespace wirelab::raw::test
