// turso_sync.hpp: who may go when, how long to pause, what Retry-After says.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "turso_sync.hpp"

namespace turso_sync {
namespace {

using detail::Turns;
using Lane = detail::Turns::Lane;

// Takes a turn in a thread of its own and keeps it until told to leave.
class Visitor {
 public:
  Visitor(Turns& turns, Lane lane) {
    thread_ = std::thread([this, &turns, lane] {
      try {
        Turns::Turn turn(turns, lane, cancellation_);
        entered_ = true;
        leave_.sleep_ms(60'000);  // until leave() cancels the sleep
      } catch (const SyncError& error) {
        kind_ = error.kind;
      }
    });
  }
  ~Visitor() {
    leave();
    cancellation_.cancel();
    thread_.join();
  }
  void leave() { leave_.cancel(); }
  void cancel() { cancellation_.cancel(); }
  bool inside() const { return entered_; }
  void wait_until_inside() const {
    while (!entered_) std::this_thread::yield();
  }
  turso_cdc_error_kind_t wait_until_refused() const {
    while (kind_ == TURSO_CDC_ERROR_NONE) std::this_thread::yield();
    return kind_;
  }

 private:
  Cancellation cancellation_, leave_;
  std::atomic<bool> entered_{false};
  std::atomic<turso_cdc_error_kind_t> kind_{TURSO_CDC_ERROR_NONE};
  std::thread thread_;
};

TEST(Turns, APushRunsBesideAWait) {
  Turns turns;
  Visitor wait(turns, Lane::kWait);
  wait.wait_until_inside();
  Visitor push(turns, Lane::kBesideWait);
  push.wait_until_inside();
}

TEST(Turns, APushPassesACheckpointThatStandsBehindAWait) {
  Turns turns;
  Visitor wait(turns, Lane::kWait);
  wait.wait_until_inside();
  Visitor checkpoint(turns, Lane::kExclusive);
  Visitor push(turns, Lane::kBesideWait);
  push.wait_until_inside();
  EXPECT_FALSE(checkpoint.inside());
  push.leave();
  wait.leave();
  checkpoint.wait_until_inside();
}

TEST(Turns, OneAtATimeInOrder) {
  Turns turns;
  Visitor first(turns, Lane::kExclusive);
  first.wait_until_inside();
  Visitor second(turns, Lane::kBesideWait);
  Visitor third(turns, Lane::kWait);
  EXPECT_FALSE(second.inside());
  EXPECT_FALSE(third.inside());
  first.leave();
  second.wait_until_inside();
  third.wait_until_inside();
}

TEST(Turns, ACancelledVisitorLeavesTheQueue) {
  Turns turns;
  Visitor first(turns, Lane::kExclusive);
  first.wait_until_inside();
  Visitor second(turns, Lane::kExclusive);
  second.cancel();
  EXPECT_EQ(second.wait_until_refused(), TURSO_CDC_ERROR_CANCELLED);
  first.leave();
  Visitor third(turns, Lane::kExclusive);
  third.wait_until_inside();
}

SyncError failure(bool retryable, std::optional<std::int64_t> retry_after_ms = std::nullopt) {
  SyncError error(TURSO_ERROR, TURSO_CDC_ERROR_SERVER, "busy");
  error.retryable = retryable;
  error.retry_after_ms = retry_after_ms;
  return error;
}

TEST(RetryPolicy, PausesGrowToTheirLimitAndEnd) {
  RetryPolicy policy;
  policy.attempts_max = 12;
  EXPECT_EQ(policy.delay_ms(1, failure(true), 0.5), 100);
  EXPECT_EQ(policy.delay_ms(3, failure(true), 0.5), 400);
  EXPECT_EQ(policy.delay_ms(11, failure(true), 0.5), 15000);
  EXPECT_EQ(policy.delay_ms(12, failure(true), 0.5), std::nullopt);
  EXPECT_EQ(policy.delay_ms(1, failure(false), 0.5), std::nullopt);
}

TEST(RetryPolicy, TheServersWishIsALowerBoundUpToALimit) {
  RetryPolicy policy;
  policy.attempts_max = 5;
  EXPECT_EQ(policy.delay_ms(1, failure(true, 5000), 0.0), 5000);
  EXPECT_EQ(policy.delay_ms(1, failure(true, 3'600'000), 0.0), std::nullopt);
}

TEST(RetryAfter, SecondsAndDates) {
  EXPECT_EQ(parse_retry_after("7", 0), 7000);
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1445412470), 10'000);
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1445412481), 0) << "in the past";
  EXPECT_EQ(parse_retry_after("Sat, 29 Feb 2020 00:00:00 GMT", 1582934399), 1000);
  for (const char* bad : {"", "soon", "-1", "99999999999", "Wed, 21 Foo 2015 07:28:00 GMT"})
    EXPECT_EQ(parse_retry_after(bad, 0), std::nullopt) << bad;
}

}  // namespace
}  // namespace turso_sync
