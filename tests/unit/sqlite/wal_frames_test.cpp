// A tracker must never miss a page that the log has named, and must say so when it cannot know.
#include "sqlite/wal_frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sqlite/wal_watch.hpp"
#include "support/temp_dir.hpp"

namespace turso::sqlite {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

class WalFrames : public ::testing::Test {
 protected:
  void SetUp() override {
    keeper_ = open(wal_watch_vfs());
    ASSERT_TRUE(keeper_.exec("PRAGMA journal_mode=WAL; CREATE TABLE t(x); CREATE TABLE u(x)").has_value());
    tracker_ = std::make_shared<WalTracker>(wal_path_of(path_), 4096);
    watch_.emplace(tracker_);
    // The log was opened before the watch began: only files opened from now on are seen.
    keeper_ = open(wal_watch_vfs());
    exec(keeper_, "INSERT INTO t VALUES(0)");
    start();
  }

  Connection open(const char* vfs = nullptr) {
    auto opened = Connection::open(path_, {.busy_timeout_ms = 1000, .vfs = vfs});
    EXPECT_TRUE(opened.has_value());
    Connection connection = std::move(opened).value();
    EXPECT_TRUE(connection.exec("PRAGMA wal_autocheckpoint=0").has_value());
    return connection;
  }

  std::uint64_t committed() { return committed_wal_frames(keeper_).value(); }
  void start() { ASSERT_TRUE(tracker_->start(committed()).has_value()); }
  std::set<std::uint32_t> absorb() {
    std::uint64_t frames = committed();
    EXPECT_TRUE(tracker_->absorb(frames).has_value());
    return tracker_->take(frames).pages;
  }
  std::uint32_t root(const char* table) {
    return static_cast<std::uint32_t>(
        keeper_.query_int("SELECT rootpage FROM sqlite_schema WHERE name = ?1", table).value());
  }
  void exec(Connection& connection, std::string_view sql) {
    auto done = connection.exec(sql);
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  test::TempDir dir_;
  std::string path_ = dir_.path("a.db");
  Connection keeper_;
  std::shared_ptr<WalTracker> tracker_;
  std::optional<WalWatch> watch_;
};

TEST_F(WalFrames, NamesThePagesOfEachCommitOnce) {
  exec(keeper_, "INSERT INTO t VALUES(1)");
  auto pages = absorb();
  EXPECT_THAT(pages, Contains(root("t")));
  EXPECT_THAT(pages, Not(Contains(root("u"))));
  EXPECT_THAT(absorb(), IsEmpty());
}

TEST_F(WalFrames, SeesWritesOfOtherProgramsInTheSameGeneration) {
  Connection foreign = open();
  exec(foreign, "INSERT INTO u VALUES(1)");
  EXPECT_THAT(absorb(), Contains(root("u")));
  EXPECT_FALSE(tracker_->broken());
}

TEST_F(WalFrames, AnUncommittedTransactionIsNotSeenAndDoesNotHideTheNext) {
  Connection writer = open(wal_watch_vfs());
  exec(writer, "PRAGMA cache_size=5; BEGIN");
  // Spills far more frames than the next transaction will write over them.
  exec(writer,
       "WITH n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<200) INSERT INTO u SELECT zeroblob(3000) FROM n");
  EXPECT_THAT(absorb(), IsEmpty());
  exec(writer, "ROLLBACK; INSERT INTO t VALUES(1)");
  EXPECT_THAT(absorb(), Contains(root("t")));
}

TEST_F(WalFrames, ARestartByAWatchedConnectionLosesNothing) {
  Connection foreign = open();
  exec(foreign, "INSERT INTO u VALUES(1)");  // not absorbed before the log begins anew
  exec(foreign, "PRAGMA wal_checkpoint(PASSIVE)");
  exec(keeper_, "INSERT INTO t VALUES(1)");  // restarts the log
  auto pages = absorb();
  EXPECT_FALSE(tracker_->broken());
  EXPECT_THAT(pages, Contains(root("u")));
  EXPECT_THAT(pages, Contains(root("t")));
}

TEST_F(WalFrames, ATruncationByAWatchedConnectionLosesNothing) {
  Connection foreign = open();
  exec(foreign, "INSERT INTO u VALUES(1)");
  exec(keeper_, "PRAGMA wal_checkpoint(TRUNCATE)");
  EXPECT_THAT(absorb(), Contains(root("u")));
  exec(keeper_, "INSERT INTO t VALUES(1)");
  EXPECT_THAT(absorb(), Contains(root("t")));
  EXPECT_FALSE(tracker_->broken());
}

TEST_F(WalFrames, ARestartByAnotherProgramBreaksTheTracker) {
  exec(keeper_, "INSERT INTO t VALUES(1)");
  absorb();
  Connection foreign = open();
  exec(foreign, "PRAGMA wal_checkpoint(PASSIVE); INSERT INTO u VALUES(1)");
  absorb();
  EXPECT_TRUE(tracker_->broken());
  start();
  exec(keeper_, "INSERT INTO t VALUES(2)");
  EXPECT_THAT(absorb(), Contains(root("t")));
  EXPECT_FALSE(tracker_->broken());
}

TEST_F(WalFrames, ATruncationByAnotherProgramBreaksTheTracker) {
  exec(keeper_, "INSERT INTO t VALUES(1)");
  Connection foreign = open();
  exec(foreign, "PRAGMA wal_checkpoint(TRUNCATE)");
  absorb();
  EXPECT_TRUE(tracker_->broken());
}

TEST_F(WalFrames, TheSmallestSizeBetweenTwoLooksIsKnown) {
  exec(keeper_,
       "WITH n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<50) INSERT INTO u SELECT zeroblob(3000) FROM n");
  absorb();
  exec(keeper_, "DELETE FROM u; VACUUM");
  auto small = keeper_.query_int("PRAGMA page_count").value();
  exec(keeper_,
       "WITH n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<50) INSERT INTO u SELECT zeroblob(3000) FROM n");
  std::uint64_t frames = committed();
  ASSERT_TRUE(tracker_->absorb(frames).has_value());
  EXPECT_EQ(tracker_->take(frames).smallest_size, static_cast<std::uint32_t>(small));
}

TEST_F(WalFrames, OfAMissingLogThereAreNoSalts) {
  auto salts = read_wal_salts(dir_.path("none-wal"));
  ASSERT_TRUE(salts.has_value());
  EXPECT_FALSE(salts->has_value());
}

}  // namespace
}  // namespace turso::sqlite
