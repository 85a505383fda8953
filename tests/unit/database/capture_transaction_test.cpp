// Captured writes in transactions: COMMIT records, savepoints, failures, RETURNING, locks.
#include "capture_fixture.hpp"

namespace turso::database {
namespace {

constexpr const char* kOn = "PRAGMA capture_data_changes_conn('full')";
constexpr const char* kXY = "CREATE TABLE t(x INTEGER PRIMARY KEY, y)";

// --- 4. Transactions

TEST_F(CaptureTest, A32_A33_A34_TransactionsAreNamedByTheirFirstRow) {
  run(kXY);
  run(kOn);
  run("INSERT INTO t VALUES(1,10); INSERT INTO t VALUES(2,20); UPDATE t SET y = 1 WHERE 0");
  run("BEGIN; INSERT INTO t VALUES(3,1); INSERT INTO t VALUES(4,1); COMMIT; BEGIN; COMMIT");
  EXPECT_EQ(rows(*c1_, "SELECT change_id, change_txn_id, change_type FROM turso_cdc"),
            (Rows{"1|1|1", "2|1|2", "3|3|1", "4|3|2", "5|-1|2", "6|6|1", "7|6|1", "8|6|2"}));
  EXPECT_EQ(rows(*c1_, "SELECT typeof(change_time), change_time > 0 FROM turso_cdc WHERE change_type = 2 LIMIT 1"),
            Rows{"'integer'|1"});
}

TEST_F(CaptureTest, ASavepointThatBeginsATransactionCommitsAtItsRelease) {
  run(kXY);
  run(kOn);
  run("SAVEPOINT a; INSERT INTO t VALUES(1,1); SAVEPOINT b; INSERT INTO t VALUES(2,2); RELEASE b; RELEASE A");
  EXPECT_EQ(log(), (Rows{"I t#1 a=[1,1]", "I t#2 a=[2,2]", "C"}));
}

TEST_F(CaptureTest, RollbackToUndoesWhatWasFlushedSince) {
  run(kXY);
  run(kOn);
  run("BEGIN; INSERT INTO t VALUES(1,1); SAVEPOINT a; INSERT INTO t VALUES(2,2)");
  EXPECT_EQ(log().size(), 2u) << "reading the log writes what is there so far";
  run("ROLLBACK TO a");
  EXPECT_EQ(log(), Rows{"I t#1 a=[1,1]"});
  run("INSERT INTO t VALUES(3,3); COMMIT");
  EXPECT_EQ(log_with_txn(), (Rows{"I t#1 a=[1,1](1)", "I t#3 a=[3,3](1)", "C(1)"}));
}

TEST_F(CaptureTest, ACommitThatFailsLeavesNoRecord) {
  run("CREATE TABLE p(x INTEGER PRIMARY KEY);"
      "CREATE TABLE c(y INTEGER PRIMARY KEY, p REFERENCES p DEFERRABLE INITIALLY DEFERRED); PRAGMA foreign_keys = 1");
  run(kOn);
  for (const char* begin : {"BEGIN", "SAVEPOINT a"}) {
    std::string commit = begin[0] == 'B' ? "COMMIT" : "RELEASE a";
    run(std::string(begin) + "; INSERT INTO c VALUES(1, 7)");
    EXPECT_NE(error(commit), "");
    EXPECT_EQ(log(), Rows{"I c#1 a=[1,7]"});
    run("INSERT INTO p VALUES(7)");
    run(commit);
    EXPECT_EQ(log(), (Rows{"I c#1 a=[1,7]", "I p#7 a=[7]", "C"}));
    run("DELETE FROM c; DELETE FROM p; DELETE FROM turso_cdc");
  }
  EXPECT_NE(error("INSERT INTO c VALUES(1, 7)"), "");
  EXPECT_EQ(log(), Rows{});
}

TEST_F(CaptureTest, OrFailKeepsItsRowsAndTheirRecord) {
  run("CREATE TABLE t(x INTEGER PRIMARY KEY, y UNIQUE); INSERT INTO t VALUES(9,9)");
  run(kOn);
  EXPECT_NE(error("INSERT OR FAIL INTO t VALUES(1,1),(2,9),(3,3)"), "");
  EXPECT_EQ(log_with_txn(), (Rows{"I t#1 a=[1,1](1)", "C(1)"}));
  run("INSERT INTO t VALUES(4,4)");
  EXPECT_EQ(log_with_txn().back(), "C(3)");
}

TEST_F(CaptureTest, AFailedReplaceKeepsExactlyWhatSqliteKeeps) {
  run(kXY);
  run(kOn);
  run("BEGIN");
  EXPECT_NE(error("REPLACE INTO t VALUES(1,1),(2,2),('abc',3)"), "");
  run("COMMIT");
  EXPECT_EQ(log(), (Rows{"I t#1 a=[1,1]", "I t#2 a=[2,2]", "C"}));
  EXPECT_EQ(rows(*c1_, "SELECT x FROM t"), (Rows{"1", "2"}));
}

TEST_F(CaptureTest, ADeleteThatDidNotHappenIsTakenBack) {
  run("CREATE TABLE s(x INTEGER PRIMARY KEY, i INT) STRICT; INSERT INTO s VALUES(1,1)");
  run(kOn);
  run("BEGIN");
  EXPECT_NE(error("REPLACE INTO s VALUES(1,'text')"), "");
  run("INSERT INTO s VALUES(2,2); COMMIT");
  EXPECT_EQ(log(), (Rows{"I s#2 a=[2,2]", "C"}));
}

TEST_F(CaptureTest, OrRollbackEndsTheTransactionAndItsRows) {
  run("CREATE TABLE t(x INTEGER PRIMARY KEY, y UNIQUE); INSERT INTO t VALUES(9,9)");
  run(kOn);
  run("BEGIN; INSERT INTO t VALUES(1,1)");
  EXPECT_NE(error("INSERT OR ROLLBACK INTO t VALUES(2,9)"), "");
  EXPECT_TRUE(c1_->autocommit());
  EXPECT_EQ(error("COMMIT"), "cannot commit - no transaction is active");
  run("INSERT INTO t VALUES(3,3)");
  EXPECT_EQ(log(), (Rows{"I t#3 a=[3,3]", "C"}));
}

TEST_F(CaptureTest, ReturningWritesEverythingAtTheFirstStep) {
  run(kXY);
  run(kOn);
  auto insert = prepare(*c1_, "INSERT INTO t VALUES(1,1.5),(2,'b'),(3,x'00') RETURNING x, y");
  ASSERT_EQ(insert->step().value(), StepResult::kRow);
  EXPECT_EQ(value_of(*insert, 0), Value(1));
  EXPECT_EQ(value_of(*insert, 1), Value(1.5));
  EXPECT_TRUE(c1_->autocommit());
  EXPECT_EQ(log().size(), 4u) << "three rows and the COMMIT record";
  ASSERT_TRUE(insert->reset().has_value());
  EXPECT_EQ(rows(*c1_, "SELECT count(*) FROM t"), Rows{"3"});
}

TEST_F(CaptureTest, ReturningGivesMoreRowsThanMemoryKeeps) {
  run(kXY);
  run(kOn);
  auto insert =
      prepare(*c1_, "INSERT INTO t SELECT value, hex(zeroblob(1000)) FROM generate_series(1, 3000) RETURNING *");
  for (std::int64_t expected = 1; expected <= 3000; ++expected) {
    ASSERT_EQ(insert->step().value(), StepResult::kRow);
    ASSERT_EQ(insert->value_int(0), expected);
    ASSERT_EQ(insert->value_bytes(1).size(), 2000u);
  }
  EXPECT_EQ(insert->step().value(), StepResult::kDone);
  EXPECT_EQ(insert->change_count(), 3000);
}

TEST_F(CaptureTest, BusyBecomesTheStatementsResult) {
  run(kXY);
  run(kOn);
  auto c2 = connect(database_);
  must(*c2, "BEGIN IMMEDIATE");
  auto insert = prepare(*c1_, "INSERT INTO t VALUES(1,1)");
  EXPECT_EQ(insert->step().error().kind, ErrorKind::kBusy);
  EXPECT_TRUE(c1_->autocommit());
  must(*c2, "COMMIT");
  ASSERT_TRUE(insert->reset().has_value());
  EXPECT_EQ(insert->step().value(), StepResult::kDone);
  EXPECT_EQ(log(), (Rows{"I t#1 a=[1,1]", "C"}));
}

TEST_F(CaptureTest, AHalfReadSelectGoesOnDuringCapturedWrites) {
  run(kXY);
  run("INSERT INTO t VALUES(1,1),(2,2),(3,3)");
  run(kOn);
  auto select = prepare(*c1_, "SELECT x FROM t");
  ASSERT_EQ(select->step().value(), StepResult::kRow);
  run("INSERT INTO t VALUES(-5,1); BEGIN; DELETE FROM t WHERE x = -5; ROLLBACK");
  EXPECT_EQ(select->step().value(), StepResult::kRow);
  EXPECT_EQ(select->value_int(0), 2);
}

TEST_F(CaptureTest, AWriteFromInsideARunningStatementIsRefusedAndAReadIsNot) {
  run(kXY);
  run(kOn);
  std::string message;
  std::string read;
  struct Context {
    Connection* connection;
    std::string* message;
    std::string* read;
  } context{c1_.get(), &message, &read};
  auto install = [&](sqlite3* db) {
    return sqlite3_create_function_v2(
        db, "write_now", 0, SQLITE_UTF8, &context,
        [](sqlite3_context* call, int, sqlite3_value**) {
          auto* c = static_cast<Context*>(sqlite3_user_data(call));
          *c->message = error_of(*c->connection, "INSERT INTO t VALUES(99, 99)");
          *c->read = rows(*c->connection, "SELECT count(*) FROM t").at(0);
          sqlite3_result_int(call, 5);
        },
        nullptr, nullptr, nullptr);
  };
  ASSERT_TRUE(c1_->install("write_now", install, [](sqlite3*) { return SQLITE_OK; }).has_value());
  run("INSERT INTO t VALUES(write_now(), 1)");
  EXPECT_NE(message.find("inside a running statement"), std::string::npos);
  EXPECT_EQ(read, "0");
  EXPECT_EQ(log(), (Rows{"I t#5 a=[5,1]", "C"}));
}

TEST_F(CaptureTest, ManyRowsSpillAndStillArrive) {
  run(kXY);
  run(kOn);
  run("INSERT INTO t SELECT value, zeroblob(2000) FROM generate_series(1, 6000)");
  EXPECT_EQ(rows(*c1_, "SELECT count(*), min(change_id), max(change_id), min(length(after)) > 2000 FROM turso_cdc"),
            Rows{"6001|1|6001|1"});
}

TEST_F(CaptureTest, ASavepointMayHaveAnEmptyName) {
  run(kXY);
  run(kOn);
  run("BEGIN; INSERT INTO t VALUES(1,1); SAVEPOINT \"\"; INSERT INTO t VALUES(2,2); ROLLBACK TO \"\"; RELEASE \"\"; "
      "COMMIT");
  EXPECT_EQ(log(), (Rows{"I t#1 a=[1,1]", "C"}));
  forget();
  run("SAVEPOINT \"\"; INSERT INTO t VALUES(3,3); RELEASE \"\"");
  EXPECT_EQ(log(), (Rows{"I t#3 a=[3,3]", "C"}));
}

TEST_F(CaptureTest, IdsGoOnAboveRowsThatAFailedStatementPutIntoTheLog) {
  run(kXY);
  run(kOn);
  run("BEGIN; INSERT INTO t VALUES(1,1)");
  EXPECT_NE(error("INSERT OR FAIL INTO turso_cdc(change_id, change_type) VALUES(2,2),(1,2)"), "");
  run("INSERT INTO t VALUES(2,2); COMMIT");
  EXPECT_EQ(rows(*c1_, "SELECT change_id FROM turso_cdc"), (Rows{"1", "2", "3", "4"}));
}

TEST_F(CaptureTest, ATriggerOnTheLogCannotChangeWhatIsCaptured) {
  run("CREATE TABLE t(x INTEGER PRIMARY KEY, y); CREATE TABLE audit(z)");
  run(kOn);
  run("CREATE TRIGGER tr AFTER INSERT ON turso_cdc WHEN new.change_type <> 2 AND new.table_name = 't' "
      "BEGIN INSERT INTO audit VALUES(new.id); END; DELETE FROM turso_cdc");
  EXPECT_NE(error("INSERT INTO t VALUES(1,1)").find("a trigger on it changes table audit"), std::string::npos);
  EXPECT_EQ(rows(*c1_, "SELECT count(*) FROM t"), Rows{"0"});
  EXPECT_EQ(log(), Rows{});
  run("DROP TRIGGER tr; DELETE FROM turso_cdc; INSERT INTO t VALUES(1,1)");
  EXPECT_EQ(log(), (Rows{"I t#1 a=[1,1]", "C"}));
}

TEST_F(CaptureTest, AWriteWhoseRowsWaitHoldsUpNoCommit) {
  run(kXY);
  run("CREATE TEMP TABLE scratch(a)");
  auto plain = prepare(*c1_, "INSERT INTO t VALUES(1,1),(2,2) RETURNING x");
  ASSERT_TRUE(plain->step().has_value());
  run(kOn);
  auto uncaptured = prepare(*c1_, "INSERT INTO scratch VALUES(1),(2) RETURNING a");
  ASSERT_TRUE(uncaptured->step().has_value());
  run("INSERT INTO t VALUES(3,3)");
  EXPECT_EQ(uncaptured->step().value(), StepResult::kRow);
  EXPECT_EQ(rows(*c1_, "SELECT count(*) FROM scratch"), Rows{"2"});
  EXPECT_EQ(rows(*c1_, "SELECT x FROM t"), (Rows{"1", "2", "3"}));
  EXPECT_EQ(log(), (Rows{"I t#3 a=[3,3]", "C"}));
}

TEST_F(CaptureTest, ChangeIdsEndAtTheLargestInteger) {
  run(kXY);
  run(kOn);
  run("INSERT INTO turso_cdc(change_id, change_type) VALUES(9223372036854775804, 2)");
  EXPECT_NE(error("INSERT INTO t VALUES(1,1),(2,2),(3,3)").find("no 4 change ids are left"), std::string::npos);
  EXPECT_EQ(rows(*c1_, "SELECT count(*) FROM t"), Rows{"0"});
  EXPECT_EQ(rows(*c1_, "SELECT min(change_id), count(*) FROM turso_cdc"), Rows{"9223372036854775804|1"});
}

}  // namespace
}  // namespace turso::database
