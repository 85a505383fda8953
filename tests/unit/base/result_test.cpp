#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace turso {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Error{ErrorKind::kError, "odd"};
  return n / 2;
}
Result<int> quarter(int n) {
  TURSO_TRY(int once, half(n));
  TURSO_TRY(int twice, half(once));
  return twice;
}
Status check_even(int n) {
  TURSO_CHECK(half(n));
  return ok();
}

TEST(Result, TryPassesValuesAndErrorsOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_TRUE(check_even(2).has_value());
  EXPECT_FALSE(check_even(3).has_value());
}

TEST(Result, CarriesMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  EXPECT_EQ(*std::move(result).value(), 7);
}

TEST(Result, TouchingTheWrongSideIsAnAssertion) {
  Result<int> good = 1;
  EXPECT_THROW(static_cast<void>(good.error()), AssertionFailed);
  Result<int> bad = Error{ErrorKind::kIo, "x"};
  EXPECT_THROW(static_cast<void>(bad.value()), AssertionFailed);
}

TEST(Error, SaysWhetherRetryingHelps) {
  EXPECT_TRUE((Error{ErrorKind::kBusy, ""}).retryable());
  EXPECT_FALSE((Error{ErrorKind::kCorrupt, ""}).retryable());
  Error server{ErrorKind::kServer, ""};
  server.http_status = 503;
  EXPECT_TRUE(server.retryable());
  server.http_status = 404;
  EXPECT_FALSE(server.retryable());
}

TEST(Error, ContextComesFirst) {
  EXPECT_EQ((Error{ErrorKind::kIo, "disk full"}).in("pull").message, "pull: disk full");
}

}  // namespace
}  // namespace turso
