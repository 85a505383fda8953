#include "sync/operation.hpp"

#include <gtest/gtest.h>

#include <map>

namespace turso::sync {
namespace {

// An engine whose operations park until they are released.
class OperationTest : public testing::Test {
 protected:
  std::unique_ptr<CoroutineOperation> make(OperationKind kind, const std::shared_ptr<int>& handle) {
    bool* released = &released_[kind];
    return std::make_unique<CoroutineOperation>(
        gate_, kind, handle, [released](Outcome&) { return parked_until(released); }, nullptr);
  }

  static Task<Status> parked_until(bool* released) {
    while (!*released) co_await Park{};
    co_return ok();
  }

  // Whether `second` may begin while `first` is parked, both of one handle.
  bool overlaps(OperationKind first, OperationKind second) {
    auto running = make(first, mine_);
    EXPECT_EQ(*running->resume(), OperationState::kIo);
    auto other = make(second, mine_);
    auto result = other->resume();
    if (!result.has_value()) {
      EXPECT_EQ(result.error().kind, ErrorKind::kMisuse);
    }
    return result.has_value();
  }

  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::shared_ptr<int> mine_ = std::make_shared<int>();
  std::shared_ptr<int> theirs_ = std::make_shared<int>();
  std::map<OperationKind, bool> released_;
};

TEST_F(OperationTest, PushStatsAndConnectRunBesideAWait) {
  EXPECT_TRUE(overlaps(OperationKind::kWait, OperationKind::kPush));
  EXPECT_TRUE(overlaps(OperationKind::kWait, OperationKind::kStats));
  EXPECT_TRUE(overlaps(OperationKind::kWait, OperationKind::kConnect));
  EXPECT_TRUE(overlaps(OperationKind::kPush, OperationKind::kWait));
}

TEST_F(OperationTest, AnyOtherOverlapOfOneHandleIsMisuse) {
  EXPECT_FALSE(overlaps(OperationKind::kWait, OperationKind::kWait));
  EXPECT_FALSE(overlaps(OperationKind::kWait, OperationKind::kApply));
  EXPECT_FALSE(overlaps(OperationKind::kWait, OperationKind::kCheckpoint));
  EXPECT_FALSE(overlaps(OperationKind::kPush, OperationKind::kPush));
  EXPECT_FALSE(overlaps(OperationKind::kPush, OperationKind::kStats));
  EXPECT_FALSE(overlaps(OperationKind::kApply, OperationKind::kWait));
  EXPECT_FALSE(overlaps(OperationKind::kCreate, OperationKind::kConnect));
}

TEST_F(OperationTest, WhatWasRefusedMayBeResumedOnceTheOtherHasEnded) {
  auto first = make(OperationKind::kPush, mine_);
  auto second = make(OperationKind::kCheckpoint, mine_);
  ASSERT_EQ(*first->resume(), OperationState::kIo);
  ASSERT_FALSE(second->resume().has_value());
  EXPECT_EQ(second->last_error()->message,
            "checkpoint: push is running on this database; resume again when it has ended");
  released_[OperationKind::kPush] = released_[OperationKind::kCheckpoint] = true;
  ASSERT_EQ(*first->resume(), OperationState::kDone);
  EXPECT_EQ(*second->resume(), OperationState::kDone);
}

TEST_F(OperationTest, AnOperationOfAnotherHandleWaitsForItsTurn) {
  auto first = make(OperationKind::kPush, mine_);
  auto second = make(OperationKind::kPush, theirs_);
  ASSERT_EQ(*first->resume(), OperationState::kIo);
  ASSERT_EQ(*second->resume(), OperationState::kIo);
  released_[OperationKind::kPush] = true;
  EXPECT_EQ(*second->resume(), OperationState::kIo);
  ASSERT_EQ(*first->resume(), OperationState::kDone);
  EXPECT_EQ(*second->resume(), OperationState::kDone);
}

TEST_F(OperationTest, ADroppedOperationFreesTheEngine) {
  auto first = make(OperationKind::kPush, mine_);
  ASSERT_EQ(*first->resume(), OperationState::kIo);
  first.reset();
  auto second = make(OperationKind::kApply, mine_);
  EXPECT_EQ(*second->resume(), OperationState::kIo);
}

TEST_F(OperationTest, ACancelledOperationEndsAtTheNextResumeAndFreesTheEngine) {
  auto first = make(OperationKind::kPush, mine_);
  ASSERT_EQ(*first->resume(), OperationState::kIo);
  first->cancel();
  auto result = first->resume();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(first->resume().error().kind, ErrorKind::kCancelled) << "the result is repeated";
  auto second = make(OperationKind::kApply, mine_);
  EXPECT_EQ(*second->resume(), OperationState::kIo);
}

TEST_F(OperationTest, AnOperationThatEndsRepeatsItsResult) {
  auto operation = make(OperationKind::kStats, mine_);
  released_[OperationKind::kStats] = true;
  EXPECT_EQ(*operation->resume(), OperationState::kDone);
  EXPECT_EQ(*operation->resume(), OperationState::kDone);
  EXPECT_EQ(operation->result_kind(), Operation::Result_::kNone);
}

}  // namespace
}  // namespace turso::sync
