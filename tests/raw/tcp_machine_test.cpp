// The rules of RFC 9293 and those it refers to, each as a script (tcp_script.hpp). A test is named after its rule.
#include "raw/tcp_machine.hpp"

#include <gtest/gtest.h>

#include "tests/raw/tcp_script.hpp"

namespace wirelab::raw::test {
namespace {

using std::chrono::milliseconds;

void play(std::string_view script, const TcpMachine::Options& options = plain()) { TcpScript(options).play(script); }

// Opens a connection first, within 10 ms; the peer's window is 5000 and its segments have 1000 octets.
constexpr std::string_view opened = R"(
  0     connect
  0     > S 0:0
  10    < SA 0:0 ack 1 win 5000 <mss 1000>
  10    opened
  10    > A 1:1 ack 1
)";

void play_opened(std::string_view script, const TcpMachine::Options& options = plain()) {
  play(std::string(opened) + std::string(script), options);
}

// --- Opening: RFC 9293, 3.5

TEST(TcpOpening, TheSynIsLikeLinux) {
  play(R"(
    0     connect
    0     > S 0:0 win 64240 <mss 1460,sackOK,TS 0 0,scale 7>
    20    < SA 0:0 ack 1 win 65160 <mss 1460,TS 700 0,scale 7,sackOK>
    20    opened
    20    > A 1:1 ack 1 win 502 <TS 20 700>
    20    = ESTABLISHED
  )",
       {.initial = {0xFFFFFFF0}});
}

TEST(TcpOpening, WhatThePeerDoesNotOfferIsLeftOut) {  // RFC 7323, 1.3; RFC 2018, 2
  play(R"(
    0     connect
    0     > S 0:0 win 64240 <mss 1460,sackOK,TS 0 0,scale 7>
    20    < SA 0:0 ack 1 win 65160
    20    opened
    20    > A 1:1 ack 1 win 64240
    30    send 600
    30    > A 1:537 ack 1
    30    > PA 537:601 ack 1
    40    < A 1:1 ack 601
  )",
       {.initial = {0xFFFFFFF0}, .idle_limit = std::chrono::hours(1)});
}

TEST(TcpOpening, ASynIsSentAgainAtDoubledTimes) {  // RFC 6298, 5.5
  play(R"(
    0     connect
    0     > S 0:0
    1000  > S 0:0
    3000  > S 0:0
    7000  > S 0:0
    10000 closed nobody answered
    10000 = CLOSED
  )");
}

TEST(TcpOpening, ARefusalIsAResetThatAcknowledgesTheSyn) {  // RFC 9293, 3.10.7.3, second
  play(R"(
    0     connect
    0     > S 0:0
    5     < R 0:0
    6     < RA 0:0 ack 2
    7     = SYN-SENT
    10    < RA 0:0 ack 1
    10    closed refused
  )");
}

TEST(TcpOpening, AnAcknowledgementOfWhatWasNeverSentIsReset) {  // RFC 9293, 3.10.7.3, first
  play(R"(
    0     connect
    0     > S 0:0
    5     < SA 0:0 ack 7
    5     > R 7:7
    6     < A 0:0 ack 0
    6     > R 0:0
    10    < SA 0:0 ack 1
    10    opened
    10    > A 1:1 ack 1
  )");
}

TEST(TcpOpening, TwoSynsThatCrossOpenTheConnection) {  // RFC 9293, 3.5, figure 7
  play(R"(
    0     connect
    0     > S 0:0
    5     < S 0:0 win 5000 <mss 1000>
    5     > SA 0:0 ack 1
    5     = SYN-RECEIVED
    10    < SA 0:0 ack 1 win 5000 <mss 1000>
    10    opened
    10    = ESTABLISHED
    20    send 3
    20    > PA 1:4 ack 1
    30    < A 1:1 ack 4
  )");
}

TEST(TcpOpening, CrossedSynsOpenByAnAcknowledgementToo) {
  play(R"(
    0     connect
    0     > S 0:0
    5     < S 0:0 win 5000 <mss 1000>
    5     > SA 0:0 ack 1
    10    < A 1:1 ack 1
    10    opened
    10    = ESTABLISHED
  )");
}

TEST(TcpOpening, TheAnswerToACrossedSynIsSentAgain) {
  play(R"(
    0     connect
    0     > S 0:0
    5     < S 0:0
    5     > SA 0:0 ack 1
    1000  > SA 0:0 ack 1
    1100  < RA 1:1 ack 1
    1100  closed refused
  )");
}

TEST(TcpOpening, OctetsQueuedBeforeGoOutAtOnce) {
  play(R"(
    0     connect
    0     > S 0:0
    1     send 10
    10    < SA 0:0 ack 1 <mss 1000>
    10    opened
    10    > PA 1:11 ack 1
  )");
}

// --- Numbers: RFC 9293, 3.4 and 3.10.7.4

TEST(TcpNumbers, OctetsInOrderAreAcknowledged) {
  play_opened(R"(
    20    < PA 1:101 ack 1
    20    readable 100
    20    > A 1:1 ack 101 win 4900
    30    read
    40    < PA 101:201 ack 1
    40    readable 100
    40    > A 1:1 ack 201
  )");
}

TEST(TcpNumbers, AnAcknowledgementMayWaitForASecondSegment) {  // RFC 9293, 3.8.6.3; RFC 5681, 4.2
  auto options = plain();
  options.ack_delay = milliseconds(40);
  play_opened(R"(
    100   < A 1:101 ack 1
    100   readable 100
    140   > A 1:1 ack 101
    200   < A 101:201 ack 1
    200   readable 200
    210   < A 201:301 ack 1
    210   readable 300
    210   > A 1:1 ack 301
    300   < A 301:401 ack 1
    300   readable 400
    310   send 5
    310   > PA 1:6 ack 401
  )",
              options);
}

TEST(TcpNumbers, WhatLiesOutsideTheWindowIsAnsweredAndDropped) {  // 3.10.7.4, first
  play_opened(R"(
    20    < A -100:0 ack 1
    20    > A 1:1 ack 1
    30    < A 5001:5002 ack 1
    30    > A 1:1 ack 1
    40    < R 5001:5001
  )");
}

TEST(TcpNumbers, OctetsBeyondTheWindowAreCutOff) {
  play_opened(R"(
    20    < A 1:1001 ack 1
    20    readable 1000
    20    > A 1:1 ack 1001 win 4000
    30    < A 1001:7001 ack 1
    30    readable 5000
    30    > A 1:1 ack 5001 win 0
    40    < A 5001:5002 ack 1
    40    > A 1:1 ack 5001 win 0
    50    read
    50    > A 1:1 ack 5001 win 5000
  )");
}

TEST(TcpNumbers, AWindowThatIsRoundedUpDoesNotCreepBeyondTheBuffer) {  // found by fuzzing
  auto options = plain();
  options.receive_buffer = 1000;
  options.window_scale = 7;
  TcpScript script(options);
  script.play(R"(
    0     connect
    0     > S 0:0 win 1000 <mss 1000,scale 7>
    10    < SA 0:0 ack 1 <mss 1000,scale 0>
    10    opened
    10    > A 1:1 ack 1 win 8
  )");
  auto& machine = script.machine();
  for (int i = 0; i < 2000; ++i)
    machine.arrive({.sequence = machine.receiver().next(),
                    .acknowledgement = machine.sender().nxt(),
                    .flags = {.ack = true},
                    .payload = {1}},
                   SteadyTime(milliseconds(20)));
  EXPECT_GE(machine.receiver().ready(), 1000U);
  EXPECT_LT(machine.receiver().ready(), 1000U + 128U);
}

TEST(TcpNumbers, ASmallOpeningOfTheWindowIsNotTold) {  // RFC 9293, 3.8.6.2.2
  auto options = plain();
  options.receive_buffer = 1000;
  play_opened(R"(
    20    < A 1:401 ack 1
    20    readable 400
    20    > A 1:1 ack 401 win 600
    30    read
    40    < A 401:1001 ack 1
    40    readable 600
    40    > A 1:1 ack 1001 win 0
    50    read
    50    > A 1:1 ack 1001 win 1000
  )",
              options);
}

TEST(TcpNumbers, WhatWasNeverSentCannotBeAcknowledged) {  // 3.10.7.4, fifth
  play_opened(R"(
    20    < PA 1:11 ack 2
    20    > A 1:1 ack 1
    30    = ESTABLISHED
  )");
}

TEST(TcpNumbers, AnAcknowledgementFromLongAgoIsChallenged) {  // RFC 5961, 5.2
  play_opened(R"(
    20    < PA 1:11 ack -5001
    20    > A 1:1 ack 1
    30    < PA 1:11 ack -4999
    30    readable 10
    30    > A 1:1 ack 11
  )");
}

TEST(TcpNumbers, WithoutAckNothingCounts) {
  play_opened(R"(
    20    < P 1:11
    30    = ESTABLISHED
  )");
}

// --- Out of order: RFC 9293, 3.10.7.4, seventh; RFC 2018

TEST(TcpReassembly, WhatComesEarlyIsKept) {
  play_opened(R"(
    20    < A 101:201 ack 1
    20    > A 1:1 ack 1
    21    < A 301:401 ack 1
    21    > A 1:1 ack 1
    30    < A 1:101 ack 1
    30    readable 200
    30    > A 1:1 ack 201
    40    < A 151:351 ack 1
    40    readable 400
    40    > A 1:1 ack 401
    50    read
  )");
}

TEST(TcpReassembly, GapsAreToldBySackTheLatestFirst) {  // RFC 2018, 4
  auto options = plain();
  options.sack = true;
  play(R"(
    0     connect
    0     > S 0:0 <mss 1000,sackOK>
    10    < SA 0:0 ack 1 <mss 1000,sackOK>
    10    opened
    10    > A 1:1 ack 1
    20    < A 101:201 ack 1
    20    > A 1:1 ack 1 <sack 101:201>
    30    < A 301:401 ack 1
    30    > A 1:1 ack 1 <sack 301:401,sack 101:201>
    40    < A 501:601 ack 1
    40    > A 1:1 ack 1 <sack 501:601,sack 101:201,sack 301:401>
    50    < A 201:301 ack 1
    50    > A 1:1 ack 1 <sack 101:401,sack 501:601>
    60    < A 1:101 ack 1
    60    readable 400
    60    > A 1:1 ack 401 <sack 501:601>
  )",
       options);
}

TEST(TcpReassembly, AFinThatComesEarlyWaits) {
  play_opened(R"(
    20    < FA 101:201 ack 1
    20    > A 1:1 ack 1
    30    < A 1:101 ack 1
    30    readable 200
    30    peer_ended
    30    > A 1:1 ack 202
    30    = CLOSE-WAIT
  )");
}

// --- Sending: RFC 6298, RFC 5681, RFC 9293, 3.8.6

TEST(TcpSending, OctetsAreCutIntoSegments) {
  play_opened(R"(
    20    send 2500
    20    > A 1:1001 ack 1
    20    > A 1001:2001 ack 1
    20    > PA 2001:2501 ack 1
    30    < A 1:1 ack 2501
  )");
}

TEST(TcpSending, WhatIsNotAcknowledgedIsSentAgainAtDoubledTimes) {  // RFC 6298, 5.4 to 5.6
  auto options = plain();
  options.answer_limit = std::chrono::seconds(2);
  play_opened(R"(
    100   send 10
    100   > PA 1:11 ack 1
    300   > PA 1:11 ack 1
    700   > PA 1:11 ack 1
    1500  > PA 1:11 ack 1
    2100  closed the peer acknowledged nothing
    2100  > RA 11:11 ack 1
  )",
              options);
}

TEST(TcpSending, AfterALostSynTheTimeoutIsThreeSeconds) {  // RFC 6298, 5.7
  play(R"(
    0     connect
    0     > S 0:0
    1000  > S 0:0
    1010  < SA 0:0 ack 1 <mss 1000>
    1010  opened
    1010  > A 1:1 ack 1
    1020  send 10
    1020  > PA 1:11 ack 1
    4020  > PA 1:11 ack 1
    4030  < A 1:1 ack 11
  )");
}

TEST(TcpSending, ATimestampEndsTheBackingOff) {  // RFC 7323, 4
  auto options = plain();
  options.timestamps = true;
  play(R"(
    0     connect
    0     > S 0:0 <mss 1000,TS 0 0>
    50    < SA 0:0 ack 1 <mss 1000,TS 7 0>
    50    opened
    50    > A 1:1 ack 1 <TS 50 7>
    100   send 10
    100   > PA 1:11 ack 1 <TS 100 7>
    300   > PA 1:11 ack 1 <TS 300 7>
    350   < A 1:1 ack 11 <TS 8 300>
    400   send 10
    400   > PA 11:21 ack 1 <TS 400 8>
    600   > PA 11:21 ack 1
    650   < A 1:1 ack 21 <TS 9 600>
  )",
       options);
}

TEST(TcpSending, ThreeDuplicatesTellOfALoss) {  // RFC 5681, 3.2
  play_opened(R"(
    20    send 5000
    20    > A 1:1001 ack 1
    20    > A 1001:2001 ack 1
    20    > A 2001:3001 ack 1
    20    > A 3001:4001 ack 1
    20    > PA 4001:5001 ack 1
    30    < A 1:1 ack 1001
    31    < A 1:1 ack 1001
    32    < A 1:1 ack 1001
    33    < A 1:1 ack 1001
    33    > A 1001:2001 ack 1
    40    < A 1:1 ack 5001
  )");
}

TEST(TcpSending, ByALaterAcknowledgementTheNextHoleIsKnown) {  // RFC 6582, 3.2, step 3
  play_opened(R"(
    20    send 5000
    20    > A 1:1001 ack 1
    20    > A 1001:2001 ack 1
    20    > A 2001:3001 ack 1
    20    > A 3001:4001 ack 1
    20    > PA 4001:5001 ack 1
    31    < A 1:1 ack 1
    32    < A 1:1 ack 1
    33    < A 1:1 ack 1
    33    > A 1:1001 ack 1
    40    < A 1:1 ack 2001
    40    > A 2001:3001 ack 1
    50    < A 1:1 ack 5001
  )");
}

TEST(TcpSending, WhatThePeerHasBySackIsNotSentAgain) {  // RFC 2018, 5; RFC 6675
  auto options = plain();
  options.sack = true;
  play(R"(
    0     connect
    0     > S 0:0
    10    < SA 0:0 ack 1 win 6000 <mss 1000,sackOK>
    10    opened
    10    > A 1:1 ack 1
    20    send 6000
    20    > A 1:1001 ack 1
    20    > A 1001:2001 ack 1
    20    > A 2001:3001 ack 1
    20    > A 3001:4001 ack 1
    20    > A 4001:5001 ack 1
    20    > PA 5001:6001 ack 1
    30    < A 1:1 ack 1 win 6000 <sack 1001:2001>
    31    < A 1:1 ack 1 win 6000 <sack 3001:4001 sack 1001:2001>
    32    < A 1:1 ack 1 win 6000 <sack 3001:5001 sack 1001:2001>
    32    > A 1:1001 ack 1
    40    < A 1:1 ack 2001 win 6000 <sack 3001:5001>
    40    > A 2001:3001 ack 1
    50    < A 1:1 ack 5001 win 6000
    60    < A 1:1 ack 6001 win 6000
  )",
       options);
}

TEST(TcpSending, AtATimeoutNothingThatSackToldIsBelieved) {  // RFC 2018, 8
  auto options = plain();
  options.sack = true;
  play(R"(
    0     connect
    0     > S 0:0
    10    < SA 0:0 ack 1 win 3000 <mss 1000,sackOK>
    10    opened
    10    > A 1:1 ack 1
    20    send 2000
    20    > A 1:1001 ack 1
    20    > PA 1001:2001 ack 1
    30    < A 1:1 ack 1 win 3000 <sack 1001:2001>
    220   > A 1:1001 ack 1
    230   < A 1:1 ack 1001 win 3000
    230   > PA 1001:2001 ack 1
    240   < A 1:1 ack 2001 win 3000
  )",
       options);
}

TEST(TcpSending, NeverBeyondThePeersWindow) {
  play_opened(R"(
    20    < A 1:1 ack 1 win 1500
    30    send 4000
    30    > A 1:1001 ack 1
    40    < A 1:1 ack 1001 win 1500
    40    > A 1001:2001 ack 1
    50    < A 1:1 ack 2001 win 400
    50    > A 2001:2401 ack 1
    60    < A 1:1 ack 2401 win 5000
    60    > A 2401:3401 ack 1
    60    > PA 3401:4001 ack 1
    70    < A 1:1 ack 4001
  )");
}

TEST(TcpSending, AnOldSegmentDoesNotBringBackAnOldWindow) {  // RFC 9293, 3.10.7.4, SND.WL1 and SND.WL2
  play_opened(R"(
    20    < A 1:11 ack 1 win 100
    20    readable 10
    20    > A 1:1 ack 11
    30    < A 1:11 ack 1 win 5000
    30    > A 1:1 ack 11
    40    send 200
    40    > A 1:101 ack 11
    50    < A 11:11 ack 101 win 5000
    50    > PA 101:201 ack 11
    60    < A 11:11 ack 201
  )");
}

TEST(TcpSending, AClosedWindowIsProbedWithOneOctet) {  // RFC 9293, 3.8.6.1
  play_opened(R"(
    20    < A 1:1 ack 1 win 0
    30    send 100
    230   > A 1:2 ack 1
    240   < A 1:1 ack 1 win 0
    630   > A 1:2 ack 1
    640   < A 1:1 ack 2 win 0
    1440  > A 2:3 ack 1
    1450  < A 1:1 ack 2 win 5000
    1450  > A 2:3 ack 1
    1450  > PA 3:101 ack 1
    1460  < A 1:1 ack 101
  )");
}

TEST(TcpSending, AWindowThatShrinksIsObeyedAtOnce) {  // RFC 9293, 3.8.6
  play_opened(R"(
    20    send 3000
    20    > A 1:1001 ack 1
    20    > A 1001:2001 ack 1
    20    > PA 2001:3001 ack 1
    30    < A 1:1 ack 1001 win 500
    230   > A 1001:1501 ack 1
    240   < A 1:1 ack 1501 win 0
    640   > A 1501:1502 ack 1
    650   < A 1:1 ack 1502 win 5000
    650   > A 1502:2502 ack 1
    650   > PA 2502:3001 ack 1
    660   < A 1:1 ack 3001
  )");
}

TEST(TcpSending, PiecesGoOutAsTold) {
  play_opened(R"(
    20    pieces 30 20 10 0 10
    20    > PA 21:31 ack 1
    20    > A 1:11 ack 1
    30    < A 1:1 ack 11
    230   > PA 11:31 ack 1
    240   < A 1:1 ack 31
  )");
}

// --- Timestamps: RFC 7323

TEST(TcpTimestamps, AnOldOneIsAnsweredAndDropped) {  // 5.3, PAWS
  auto options = plain();
  options.timestamps = true;
  play(R"(
    0     connect
    0     > S 0:0
    10    < SA 0:0 ack 1 <mss 1000,TS 1000 0>
    10    opened
    10    > A 1:1 ack 1 <TS 10 1000>
    20    < PA 1:11 ack 1 <TS 999 10>
    20    > A 1:1 ack 1 <TS 20 1000>
    30    < PA 1:11 ack 1
    40    < PA 1:11 ack 1 <TS 1001 10>
    40    readable 10
    40    > A 1:1 ack 11 <TS 40 1001>
    50    < R 11:11
    50    closed reset by the peer
  )",
       options);
}

// --- Resets and SYNs that could be forged: RFC 5961

TEST(TcpReset, OnlyTheExactNumberResets) {  // 3
  play_opened(R"(
    20    < R 2:2
    20    > A 1:1 ack 1
    30    < R 4000:4000
    30    > A 1:1 ack 1
    40    < R 5001:5001
    41    < R 0:0
    50    < R 1:1
    50    closed reset by the peer
    50    = CLOSED
  )");
}

TEST(TcpReset, ASynInAConnectionIsChallenged) {  // 4
  play_opened(R"(
    20    < S 1:1
    20    > A 1:1 ack 1
    30    < S 3000:3000
    30    > A 1:1 ack 1
    40    = ESTABLISHED
  )");
}

TEST(TcpReset, ChallengesAreTenInFiveSeconds) {  // 7
  TcpScript script(plain());
  script.play(opened);
  for (int i = 0; i < 10; ++i) script.play("20 < S 1:1\n20 > A 1:1 ack 1");
  script.play("21 < S 1:1\n5020 < S 1:1\n5020 > A 1:1 ack 1");
}

TEST(TcpReset, WhoSpeaksToWhatIsClosedIsReset) {  // RFC 9293, 3.10.7.1
  play_opened(R"(
    20    abort
    20    closed aborted
    20    > RA 1:1 ack 1
    30    < PA 1:11 ack 5
    30    > R 5:5
    40    < R 1:1
  )");
}

// --- Closing: RFC 9293, 3.6

TEST(TcpClosing, WeFirst) {
  play_opened(R"(
    20    close
    20    > FA 1:1 ack 1
    20    = FIN-WAIT-1
    30    < A 1:1 ack 2
    30    = FIN-WAIT-2
    40    < PA 1:11 ack 2
    40    readable 10
    40    > A 2:2 ack 11
    50    < FA 11:11 ack 2
    50    peer_ended
    50    > A 2:2 ack 12
    50    = TIME-WAIT
    60    < FA 11:11 ack 2
    60    > A 2:2 ack 12
    1050  closed closed by both sides
  )");
}

TEST(TcpClosing, ThePeerFirst) {
  play_opened(R"(
    20    < FA 1:1 ack 1
    20    peer_ended
    20    > A 1:1 ack 2
    20    = CLOSE-WAIT
    30    send 5
    30    > PA 1:6 ack 2
    40    < A 2:2 ack 6
    50    close
    50    > FA 6:6 ack 2
    50    = LAST-ACK
    60    < A 2:2 ack 7
    60    closed closed by both sides
  )");
}

TEST(TcpClosing, BothAtOnce) {  // figure 13
  play_opened(R"(
    20    close
    20    > FA 1:1 ack 1
    25    < FA 1:1 ack 1
    25    peer_ended
    25    > A 2:2 ack 2
    25    = CLOSING
    30    < A 2:2 ack 2
    30    = TIME-WAIT
    1030  closed closed by both sides
  )");
}

TEST(TcpClosing, OneSegmentAcknowledgesOurFinAndBringsThePeers) {
  play_opened(R"(
    20    close
    20    > FA 1:1 ack 1
    30    < FA 1:1 ack 2
    30    peer_ended
    30    > A 2:2 ack 2
    30    = TIME-WAIT
    40    < R 2:2
    40    closed closed by both sides
  )");
}

TEST(TcpClosing, TheFinRidesOnTheLastOctets) {
  play_opened(R"(
    20    < A 1:1 ack 1 win 5
    30    send 10
    30    > A 1:6 ack 1
    40    close
    50    < A 1:1 ack 6 win 5000
    50    > FPA 6:11 ack 1
    60    < A 1:1 ack 12
    60    = FIN-WAIT-2
    10040 closed the peer did not close
    10040 > RA 12:12 ack 1
  )");
}

TEST(TcpClosing, AFinThatIsLostIsSentAgain) {
  play_opened(R"(
    20    close
    20    > FA 1:1 ack 1
    220   > FA 1:1 ack 1
    230   < FA 1:1 ack 2
    230   peer_ended
    230   > A 2:2 ack 2
  )");
}

TEST(TcpClosing, OctetsAfterTheEndAreAnsweredAndDropped) {
  play_opened(R"(
    20    < FA 1:1 ack 1
    20    peer_ended
    20    > A 1:1 ack 2
    30    < A 2:12 ack 1
    30    > A 1:1 ack 2
  )");
}

// --- Every wait has a limit

TEST(TcpLimits, OfSilence) {
  play_opened(R"(
    30000 < A 1:1 ack 1
    90000 closed the peer sent nothing
    90000 > RA 1:1 ack 1
  )");
}

TEST(TcpLimits, NotOfAWindowThatStaysClosedWhileProbesAreAnswered) {  // RFC 9293, 3.8.6.1
  auto options = plain();
  options.answer_limit = milliseconds(500);
  play_opened(R"(
    20    < A 1:1 ack 1 win 0
    30    send 100
    230   > A 1:2 ack 1
    240   < A 1:1 ack 1 win 0
    630   > A 1:2 ack 1
    640   < A 1:1 ack 1 win 0
    1140  closed the peer acknowledged nothing
    1140  > RA 2:2 ack 1
  )",
              options);
}

TEST(TcpLimits, ThereIsAlwaysADeadlineUntilItIsClosed) {
  TcpScript script(plain());
  EXPECT_FALSE(script.machine().deadline());
  script.play(opened);
  EXPECT_TRUE(script.machine().deadline());
  script.play("20 abort\n20 closed aborted\n20 > RA 1:1 ack 1");
  EXPECT_FALSE(script.machine().deadline());
}

TEST(TcpLimits, AFullSendBufferTellsWhenItHasRoomAgain) {
  auto options = plain();
  options.send_buffer = 1000;
  play_opened(R"(
    20    send 600
    20    > PA 1:601 ack 1
    21    send 600
    21    > PA 601:1001 ack 1
    30    < A 1:1 ack 601
    30    writable
    40    < A 1:1 ack 1001
  )",
              options);
}

TEST(TcpLimits, AMistakeOfTheCallerIsTold) {
  TcpScript script(plain());
  script.play(opened);
  auto& machine = script.machine();
  const TcpMachine::Part beyond[] = {{5, 6}};
  const TcpMachine::Part large[] = {{0, 1001}};
  EXPECT_THROW(machine.connect(SteadyTime{}), std::logic_error);
  EXPECT_THROW((void)machine.send_pieces(Bytes(10), beyond, SteadyTime{}), std::logic_error);
  EXPECT_THROW((void)machine.send_pieces(Bytes(2000), large, SteadyTime{}), std::logic_error);
  const TcpMachine::Part some[] = {{0, 1000}};
  EXPECT_FALSE(machine.send_pieces(Bytes(6000), some, SteadyTime{})) << "more than the window holds";
}

}  // namespace
}  // namespace wirelab::raw::test
