#include "sqlite/shim_vfs.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/failpoint.hpp"
#include "base/text.hpp"
#include "sqlite/connection.hpp"
#include "support/temp_dir.hpp"

namespace turso::sqlite {
namespace {

Connection open(const std::string& path) {
  Connection::Options options;
  options.vfs = shim_vfs();
  return Connection::open(path, options).value();
}

class ShimVfs : public testing::Test {
 protected:
  void TearDown() override { clear_failpoint(); }

  void set(Failpoint::Mode mode, std::uint64_t at) {
    Failpoint failpoint;
    failpoint.mode = mode;
    failpoint.at = at;
    failpoint.path_prefix = dir.path("p.db");
    set_failpoint(failpoint);
  }

  test::TempDir dir;
};

TEST_F(ShimVfs, IsNeverTheDefault) {
  ASSERT_STREQ(shim_vfs(), kShimVfsName);
  EXPECT_STRNE(sqlite3_vfs_find(nullptr)->zName, kShimVfsName);
}

// WAL needs shared memory and locks to pass through: two connections, a reader's snapshot, mmap, a checkpoint.
TEST_F(ShimVfs, PassesEverythingThrough) {
  Connection writer = open(dir.path("p.db"));
  ASSERT_EQ(writer.query_value("PRAGMA journal_mode=WAL")->text(), "wal");
  ASSERT_TRUE(writer.exec("CREATE TABLE t(a); INSERT INTO t VALUES(1)").has_value());
  Connection reader = open(dir.path("p.db"));
  ASSERT_TRUE(reader.exec("PRAGMA mmap_size=1000000; BEGIN").has_value());
  EXPECT_EQ(reader.query_int("SELECT count(*) FROM t").value(), 1);
  ASSERT_TRUE(writer.exec("INSERT INTO t VALUES(2)").has_value());
  EXPECT_EQ(reader.query_int("SELECT count(*) FROM t").value(), 1);
  ASSERT_TRUE(reader.exec("COMMIT").has_value());
  EXPECT_EQ(reader.query_int("SELECT count(*) FROM t").value(), 2);
  EXPECT_EQ(writer.query_int("PRAGMA wal_checkpoint(TRUNCATE)").value(), 0);
  ASSERT_TRUE(writer.exec("BEGIN IMMEDIATE").has_value());
  EXPECT_EQ(reader.exec("BEGIN IMMEDIATE").error().kind, ErrorKind::kBusy);
}

TEST_F(ShimVfs, SharesItsFileWithTheDefaultVfs) {
  Connection through = open(dir.path("p.db"));
  ASSERT_TRUE(through.exec("PRAGMA journal_mode=WAL; CREATE TABLE t(a)").has_value());
  Connection plain = Connection::open(dir.path("p.db"), {}).value();
  ASSERT_TRUE(plain.exec("INSERT INTO t VALUES(1)").has_value());
  EXPECT_EQ(through.query_int("SELECT count(*) FROM t").value(), 1);
}

TEST_F(ShimVfs, CountsPAndItsWalByFullPath) {
  static std::map<std::string, int> seen;
  Failpoint failpoint;
  failpoint.path_prefix = dir.path("p.db");
  failpoint.observer = [](FileOperation operation, std::string_view path, std::uint64_t, std::uint64_t) {
    ++seen[concat(file_operation_name(operation), " ", path.substr(path.rfind('/') + 1))];
  };
  Connection connection = open(dir.path("p.db"));
  set_failpoint(failpoint);
  ASSERT_TRUE(connection
                  .exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(a);"
                        "PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t VALUES(1)")
                  .has_value());
  ASSERT_TRUE(connection.close().has_value());
  for (const char* expected :
       {"write p.db-wal", "fsync p.db-wal", "truncate p.db-wal", "write p.db", "fsync p.db", "remove p.db-wal"})
    EXPECT_GT(seen[expected], 0) << expected;
}

TEST_F(ShimVfs, AFailureReachesSqliteAndLeavesTheDatabaseWhole) {
  {
    Connection connection = open(dir.path("p.db"));
    ASSERT_TRUE(connection.exec("PRAGMA journal_mode=WAL; CREATE TABLE t(a)").has_value());
    set(Failpoint::Mode::kStop, 1);
    Status written = connection.exec("INSERT INTO t VALUES(1)");
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().kind, ErrorKind::kIo);
  }
  clear_failpoint();
  Connection again = open(dir.path("p.db"));
  EXPECT_EQ(again.query_value("PRAGMA integrity_check")->text(), "ok");
  EXPECT_EQ(again.query_int("SELECT count(*) FROM t").value(), 0);
}

}  // namespace
}  // namespace turso::sqlite
