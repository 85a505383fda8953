#include "sync/task.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "base/result.hpp"

namespace turso::sync {
namespace {

Task<Result<int>> ready(int value) { co_return value; }

Task<Result<int>> sum_of_ready(int count) {
  std::int64_t sum = 0;
  for (int i = 0; i < count; ++i) {
    Task<Result<int>> one = ready(1);
    TURSO_CO_TRY(int value, co_await one);
    sum += value;
  }
  co_return static_cast<int>(sum);
}

TEST(Task, AMillionAwaitsOfReadyTasksUseNoStack) {
  auto task = sum_of_ready(1'000'000);
  Runner runner;
  runner.start(task);
  ASSERT_EQ(runner.run(), RunState::kDone);
  EXPECT_EQ(*task.take(), 1'000'000);
}

Task<Result<int>> chain(int depth) {
  if (depth == 0) {
    co_await Park{};
    co_return 1;
  }
  Task<Result<int>> next = chain(depth - 1);
  TURSO_CO_TRY(int value, co_await next);
  co_return value + 1;
}

TEST(Task, AParkedTaskGoesOnWhereItWas) {
  auto task = chain(100);
  Runner runner;
  runner.start(task);
  ASSERT_EQ(runner.run(), RunState::kNeedsInput);
  ASSERT_EQ(runner.run(), RunState::kDone);
  EXPECT_EQ(*task.take(), 101);
}

Task<Status> failing() { co_return Error{ErrorKind::kIo, "disk gone"}; }

Task<Status> awaits_failing() {
  Task<Status> inner = failing();
  TURSO_CO_CHECK(co_await inner);
  co_return ok();
}

TEST(Task, AnErrorReachesTheOutermostTask) {
  auto task = awaits_failing();
  Runner runner;
  runner.start(task);
  ASSERT_EQ(runner.run(), RunState::kDone);
  Status status = task.take();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "disk gone");
}

struct CountsItself {
  explicit CountsItself(int* count) : count_(count) { ++*count_; }
  CountsItself(const CountsItself&) = delete;
  ~CountsItself() { --*count_; }
  int* count_;
};

Task<Status> holds_and_parks(int* alive, int depth) {
  CountsItself counted(alive);
  if (depth == 0) {
    co_await Park{};
    co_return ok();
  }
  Task<Status> inner = holds_and_parks(alive, depth - 1);
  TURSO_CO_CHECK(co_await inner);
  co_return ok();
}

TEST(Task, ADroppedTaskDestroysTheLocalsOfEveryTaskItAwaits) {
  int alive = 0;
  {
    auto task = holds_and_parks(&alive, 10);
    Runner runner;
    runner.start(task);
    ASSERT_EQ(runner.run(), RunState::kNeedsInput);
    ASSERT_EQ(alive, 11);
  }
  EXPECT_EQ(alive, 0);
}

Task<Status> throws() {
  throw std::runtime_error("no memory");
  co_return ok();
}

Task<Status> awaits_throws() {
  Task<Status> inner = throws();
  TURSO_CO_CHECK(co_await inner);
  co_return ok();
}

TEST(Task, AnExceptionComesOutAtTheTop) {
  auto task = awaits_throws();
  Runner runner;
  runner.start(task);
  ASSERT_EQ(runner.run(), RunState::kDone);
  EXPECT_THROW(static_cast<void>(task.take()), std::runtime_error);
}

}  // namespace
}  // namespace turso::sync
