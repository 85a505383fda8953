// turso_cdc.h for tests: failing file operations reach the database file; time and randomness are the test's.
#define TURSO_CDC_TESTING
#include <gtest/gtest.h>

#include "plain_fixture.hpp"

namespace turso::test {
namespace {

class TestingAbi : public PlainAbi {
 protected:
  ~TestingAbi() override {
    turso_cdc_test_set_failpoint(nullptr);
    turso_cdc_test_set_clock(nullptr, nullptr);
    turso_cdc_test_set_random(nullptr, nullptr);
  }
  void set(turso_cdc_failpoint_mode_t mode, std::uint64_t at, bool disk_full = false) {
    prefix_ = dir_.path();
    turso_cdc_failpoint_t failpoint{};
    failpoint.struct_size = sizeof(failpoint);
    failpoint.mode = mode;
    failpoint.at = at;
    failpoint.disk_full = disk_full ? 1 : 0;
    failpoint.path_prefix = prefix_.c_str();
    turso_cdc_test_set_failpoint(&failpoint);
  }
  std::string prefix_;
};

TEST_F(TestingAbi, AFailingWriteFailsTheStatementAndTheNextOneWorks) {
  auto* connection = connect(open(dir_.path("a")));
  ASSERT_EQ(exec(connection, "CREATE TABLE t(v)"), TURSO_DONE);
  set(TURSO_CDC_FAILPOINT_COUNT, 0);
  ASSERT_EQ(exec(connection, "INSERT INTO t VALUES (1)"), TURSO_DONE);
  std::uint64_t changes = turso_cdc_test_failpoint_count();
  ASSERT_GT(changes, 0U);
  for (std::uint64_t at = 1; at <= changes; ++at) {
    set(TURSO_CDC_FAILPOINT_FAIL_ONCE, at);
    turso_status_code_t status = exec(connection, "INSERT INTO t VALUES (2)");
    EXPECT_EQ(status, turso_cdc_test_failpoint_failures() > 0 ? TURSO_IOERR : TURSO_DONE) << at;
  }
  set(TURSO_CDC_FAILPOINT_FAIL_ONCE, 1, true);
  EXPECT_EQ(exec(connection, "INSERT INTO t VALUES (3)"), TURSO_DATABASE_FULL);
  turso_cdc_test_set_failpoint(nullptr);
  EXPECT_EQ(exec(connection, "INSERT INTO t VALUES (4)"), TURSO_DONE);
  EXPECT_EQ(first(connection, "SELECT count(*) FROM t WHERE v IN (1, 4)"), "2");
  EXPECT_EQ(first(connection, "PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace turso::test
