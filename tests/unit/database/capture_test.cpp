// Capture by section of its specification: what the case table does not show.
#include "capture_fixture.hpp"
#include "sqlite/connection.hpp"

namespace turso::database {
namespace {

constexpr const char* kOn = "PRAGMA capture_data_changes_conn('full')";
constexpr const char* kOff = "PRAGMA capture_data_changes_conn('off')";
constexpr const char* kGet = "PRAGMA capture_data_changes_conn";
constexpr const char* kXY = "CREATE TABLE t(x INTEGER PRIMARY KEY, y)";

// --- 1. The pragma

TEST_F(CaptureTest, A19_A20_TheVersionTableNamesEachLog) {
  run(kOn);
  run("PRAGMA capture_data_changes_conn('id,my_cdc')");
  EXPECT_EQ(rows(*c1_, "SELECT * FROM turso_cdc_version"), (Rows{"'turso_cdc'|'v2'", "'my_cdc'|'v2'"}));
}

TEST_F(CaptureTest, A27_AskingGivesModeTableAndVersion) {
  EXPECT_EQ(rows(*c1_, kGet), Rows{"'off'|NULL|NULL"});
  run(kOn);
  EXPECT_EQ(rows(*c1_, kGet), Rows{"'full'|'turso_cdc'|'v2'"});
  EXPECT_EQ(rows(*c1_, "PRAGMA main.UNSTABLE_capture_data_changes_CONN"), Rows{"'full'|'turso_cdc'|'v2'"});
  EXPECT_EQ(rows(*c1_, "SELECT * FROM pragma_capture_data_changes_conn()"), Rows{"'full'|'turso_cdc'|'v2'"});
  auto statement = prepare(*c1_, kGet);
  EXPECT_EQ(statement->column_count(), 3);
  EXPECT_EQ(statement->column_name(1), "table");
  run(kOff);
  EXPECT_EQ(rows(*c1_, kGet), Rows{"'off'|NULL|NULL"});
}

TEST_F(CaptureTest, APreparedQuestionAnswersWhatHoldsWhenItRuns) {
  auto statement = prepare(*c1_, kGet);
  run("PRAGMA capture_data_changes_conn = 'id'");
  ASSERT_EQ(statement->step().value(), StepResult::kRow);
  EXPECT_EQ(value_of(*statement, 0).text(), "id");
}

TEST_F(CaptureTest, A29_TheColumnsDecideTheLayout) {
  run("CREATE TABLE turso_cdc (change_id INTEGER PRIMARY KEY AUTOINCREMENT, change_time INTEGER, change_type INTEGER,"
      " table_name TEXT, id, before BLOB, after BLOB, updates BLOB)");
  run(kOn);
  EXPECT_EQ(rows(*c1_, kGet), Rows{"'full'|'turso_cdc'|'v1'"});
}

TEST_F(CaptureTest, AV2TableWithoutItsVersionRowStaysV2) {
  run(kOn);
  run("DROP TABLE turso_cdc_version");
  run(kOff);
  run(kOn);
  EXPECT_EQ(rows(*c1_, kGet), Rows{"'full'|'turso_cdc'|'v2'"});
}

TEST_F(CaptureTest, ReadersOfChangeTxnIdLastAreServedByName) {
  run("CREATE TABLE turso_cdc (change_id INTEGER PRIMARY KEY AUTOINCREMENT, change_time INTEGER, change_type INTEGER,"
      " table_name TEXT, id, before BLOB, after BLOB, updates BLOB, change_txn_id INTEGER)");
  run(kOn);
  run("CREATE TABLE t(x)");
  EXPECT_EQ(log().size(), 2u);
}

TEST_F(CaptureTest, B54_BadPragmaArgumentsChangeNothing) {
  const std::string text =
      "unexpected pragma value: expected '<mode>' or '<mode>,<cdc-table-name>' parameter where mode is one of "
      "off|id|before|after|full";
  for (const char* value : {"FULL", " full", "full ", "", "bogus,x"})
    EXPECT_EQ(error(std::string("PRAGMA capture_data_changes_conn('") + value + "')"), text) << value;
  run("PRAGMA capture_data_changes_conn('off,zzz')");
  EXPECT_EQ(rows(*c1_, kGet), Rows{"'off'|NULL|NULL"});
  EXPECT_EQ(error("PRAGMA nope.capture_data_changes_conn('full')"), "no such database: nope");
}

TEST_F(CaptureTest, ALogCannotBeAnyTable) {
  run("CREATE TABLE foo(a, b); CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE f USING fts5(a)");
  for (const char* name : {"", "sqlite_foo", "turso_cdc_version", "turso_cdc_marks", "foo", "v", "f", "f_data"})
    EXPECT_NE(error(std::string("PRAGMA capture_data_changes_conn('full,") + name + "')"), "") << name;
  EXPECT_EQ(rows(*c1_, kGet), Rows{"'off'|NULL|NULL"});
  EXPECT_EQ(rows(*c1_, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'turso%'"), Rows{"0"});
}

TEST_F(CaptureTest, ANameIsQuotedAndComparedWithoutCase) {
  for (const char* name : {"x(a);--", "a-b", "select", " lead", "MyCdc", "mycdc", "main.cdc2"}) {
    run(std::string("PRAGMA capture_data_changes_conn('full,") + name + "')");
    run("CREATE TABLE IF NOT EXISTS t(x); DELETE FROM t");
    EXPECT_FALSE(read_log(*c1_, name).empty()) << name;
  }
  run("DELETE FROM \"MYCDC\"");
  EXPECT_TRUE(read_log(*c1_, "mycdc").empty()) << "a delete of the log is not captured";
  EXPECT_EQ(rows(*c1_, "SELECT count(*) FROM turso_cdc_version"), Rows{"6"});
}

TEST_F(CaptureTest, AnUnknownVersionIsRefusedAndRolledBack) {
  run("CREATE TABLE turso_cdc_version (table_name TEXT PRIMARY KEY, version TEXT NOT NULL);"
      "INSERT INTO turso_cdc_version VALUES('turso_cdc','v0')");
  EXPECT_EQ(error(kOn), "unexpected CDC version: v0");
  EXPECT_EQ(rows(*c1_, "SELECT name FROM sqlite_schema WHERE name = 'turso_cdc'"), Rows{});
}

TEST_F(CaptureTest, TheStateIsTransactional) {
  run("BEGIN");
  run(kOn);
  EXPECT_EQ(rows(*c1_, kGet), Rows{"'full'|'turso_cdc'|'v2'"});
  run("ROLLBACK");
  EXPECT_EQ(rows(*c1_, kGet), Rows{"'off'|NULL|NULL"});
  run(kXY);
  run("BEGIN; SAVEPOINT a");
  run(kOn);
  run("ROLLBACK TO a; INSERT INTO t VALUES(1,1); COMMIT");
  EXPECT_EQ(rows(*c1_, kGet), Rows{"'off'|NULL|NULL"});
  run(kOn);
  run("BEGIN");
  run(kOff);
  run("ROLLBACK; INSERT INTO t VALUES(2,2)");
  EXPECT_EQ(log(), (Rows{"I t#2 a=[2,2]", "C"}));
}

TEST_F(CaptureTest, SwitchingTheTableWhileOnCreatesIt) {
  run(kXY);
  run(kOn);
  run("BEGIN; INSERT INTO t VALUES(1,1)");
  run("PRAGMA capture_data_changes_conn('id,other')");
  run("INSERT INTO t VALUES(2,2); COMMIT");
  EXPECT_EQ(log(), Rows{"I t#1 a=[1,1]"});
  EXPECT_EQ(read_log(*c1_, "other"), (Rows{"I t#2", "C"}));
}

TEST_F(CaptureTest, EnablingNeedsTheWriteLockAndOffDoesNot) {
  auto c2 = connect(database_);
  must(*c2, "BEGIN IMMEDIATE");
  EXPECT_EQ(error(kOn), "database is locked");
  must(*c2, "COMMIT");
  run(kOn);
  must(*c2, "BEGIN IMMEDIATE");
  EXPECT_EQ(error(kOff), "");
}

TEST_F(CaptureTest, A08_A13_ConnectionsCaptureForThemselves) {
  auto c2 = connect(database_);
  run("CREATE TABLE t(x INTEGER PRIMARY KEY, y UNIQUE); INSERT INTO t VALUES(1,10)");
  run("PRAGMA capture_data_changes_conn('id'); INSERT INTO t VALUES(2,20)");
  must(*c2, "INSERT INTO t VALUES(3,30)");
  must(*c2, "PRAGMA capture_data_changes_conn('id'); INSERT INTO t VALUES(4,40)");
  must(*c2, "PRAGMA capture_data_changes_conn('off'); INSERT INTO t VALUES(5,50)");
  run("INSERT INTO t VALUES(6,60); PRAGMA capture_data_changes_conn('off'); INSERT INTO t VALUES(7,70)");
  EXPECT_EQ(log(), (Rows{"I t#2", "C", "I t#4", "C", "I t#6", "C"}));
  must(*c2, "PRAGMA capture_data_changes_conn('id,custom'); INSERT INTO t VALUES(8,80)");
  EXPECT_EQ(read_log(*c2, "custom"), (Rows{"I t#8", "C"}));
}

TEST_F(CaptureTest, StatementsPreparedBeforeFollowTheNewState) {
  run(kXY);
  run("INSERT INTO t VALUES(1,1),(2,2)");
  auto all = prepare(*c1_, "DELETE FROM t");  // SQLite would take its shortcut
  auto insert = prepare(*c1_, "INSERT INTO t VALUES(?1, ?2)");
  ASSERT_TRUE(insert->bind(1, 3).has_value());
  run(kOn);
  EXPECT_EQ(all->step().value(), StepResult::kDone);
  EXPECT_EQ(insert->step().value(), StepResult::kDone);
  EXPECT_EQ(log(), (Rows{"D t#1 b=[1,1]", "D t#2 b=[2,2]", "C", "I t#3 a=[3,N]", "C"}));
}

TEST_F(CaptureTest, ExplainCapturesNothing) {
  run(kXY);
  run(kOn);
  rows(*c1_, "EXPLAIN INSERT INTO t VALUES(1,1)");
  rows(*c1_, "EXPLAIN QUERY PLAN DELETE FROM t");
  EXPECT_EQ(log(), Rows{});
}

// --- 2. The log

TEST_F(CaptureTest, A38_TheLogHasNineColumns) {
  run("PRAGMA capture_data_changes_conn('id')");
  EXPECT_EQ(rows(*c1_, "SELECT table_columns_json_array('turso_cdc')"),
            Rows{"'[\"change_id\",\"change_time\",\"change_txn_id\",\"change_type\",\"table_name\",\"id\",\"before\","
                 "\"after\",\"updates\"]'"});
}

TEST_F(CaptureTest, IdsAreNeverReused) {
  run(kXY);
  run(kOn);
  run("INSERT INTO t VALUES(1,1)");
  forget();
  run("INSERT INTO t VALUES(2,1)");
  EXPECT_EQ(rows(*c1_, "SELECT change_id FROM turso_cdc"), (Rows{"3", "4"}));
  run("BEGIN; INSERT INTO t VALUES(3,1); SELECT count(*) FROM turso_cdc; ROLLBACK; INSERT INTO t VALUES(4,1)");
  EXPECT_EQ(rows(*c1_, "SELECT change_id FROM turso_cdc"), (Rows{"3", "4", "5", "6"}));
  run("DROP TABLE turso_cdc");
  run(kOn);
  run("INSERT INTO t VALUES(5,1)");
  EXPECT_EQ(rows(*c1_, "SELECT min(change_id) > 6 FROM turso_cdc"), Rows{"1"});
}

TEST_F(CaptureTest, AHighIdInsertedByTheUserMovesTheNextOnes) {
  run(kXY);
  run(kOn);
  run("BEGIN; INSERT INTO t VALUES(1,1); INSERT INTO turso_cdc(change_id, change_type) VALUES(100, 9);"
      "INSERT INTO t VALUES(2,1); COMMIT");
  EXPECT_EQ(rows(*c1_, "SELECT change_id, change_txn_id FROM turso_cdc"), (Rows{"1|1", "100|NULL", "101|1", "102|1"}));
}

TEST_F(CaptureTest, A40_ADroppedLogRefusesOnlyWhatWouldBeCaptured) {
  run(kXY);
  run(kOn);
  run("INSERT INTO t VALUES(1,10); DROP TABLE turso_cdc");
  EXPECT_EQ(rows(*c1_, "SELECT name FROM sqlite_schema WHERE name = 'turso_cdc'"), Rows{});
  EXPECT_EQ(rows(*c1_, "SELECT * FROM turso_cdc_version"), Rows{});
  EXPECT_NE(error("INSERT INTO t VALUES(2,2)").find("no such table: turso_cdc"), std::string::npos);
  EXPECT_NE(error("CREATE TABLE u(a)").find("no such table: turso_cdc"), std::string::npos);
  run("BEGIN; COMMIT; SELECT * FROM t");
  run(kOn);
  run("INSERT INTO t VALUES(2,2)");
  EXPECT_EQ(log(), (Rows{"I t#2 a=[2,2]", "C"}));
}

TEST_F(CaptureTest, DroppingTheLogInATransactionLetsItCommit) {
  run(kXY);
  run(kOn);
  run("BEGIN; INSERT INTO t VALUES(1,10); DROP TABLE turso_cdc; COMMIT");
  EXPECT_EQ(rows(*c1_, "SELECT x FROM t"), Rows{"1"});
}

TEST_F(CaptureTest, DroppingALogWithCaptureOffForgetsItsVersion) {
  run("PRAGMA capture_data_changes_conn('id,Mine')");
  run(kOff);
  run("DROP TABLE mine");
  EXPECT_EQ(rows(*c1_, "SELECT * FROM turso_cdc_version"), Rows{});
}

// --- 3. Rows

TEST_F(CaptureTest, RealsAreRealsAndGeneratedColumnsAreStoredOnes) {
  run("CREATE TABLE r(x INTEGER PRIMARY KEY, v REAL, s INT AS (x * 2) STORED)");
  run(kOn);
  run("INSERT INTO r(x, v) VALUES(1, 3); UPDATE r SET v = 4");
  EXPECT_EQ(log(), (Rows{"I r#1 a=[1,3.0,2]", "C", "U r#1 b=[1,3.0,2] a=[1,4.0,2] u=[0,1,0,N,4.0,N]", "C"}));
}

TEST_F(CaptureTest, ReplaceListsWhatItRemoves) {
  run("CREATE TABLE t(x INTEGER PRIMARY KEY, u UNIQUE, w UNIQUE); INSERT INTO t VALUES(1,1,1),(2,2,2),(3,3,3)");
  run("PRAGMA capture_data_changes_conn('id')");
  run("REPLACE INTO t VALUES(1,2,3)");
  Rows got = log();
  ASSERT_EQ(got.size(), 5u);
  EXPECT_EQ(got[3], "I t#1");
  std::sort(got.begin(), got.begin() + 3);
  EXPECT_EQ(Rows(got.begin(), got.begin() + 3), (Rows{"D t#1", "D t#2", "D t#3"}));
  forget();
  run("INSERT INTO t VALUES(5,5,5); DELETE FROM turso_cdc; UPDATE OR REPLACE t SET u = 5 WHERE x = 1");
  EXPECT_EQ(log(), (Rows{"D t#5", "U t#1", "C"}));
}

TEST_F(CaptureTest, AnUpsertThatMovesTheKeyIsADeleteAndAnInsert) {
  run("CREATE TABLE t(x INTEGER PRIMARY KEY, y UNIQUE); INSERT INTO t VALUES(1,1)");
  run(kOn);
  run("INSERT INTO t VALUES(9,1) ON CONFLICT(y) DO UPDATE SET x = 7");
  EXPECT_EQ(log(), (Rows{"D t#1 b=[1,1]", "I t#7 a=[7,1]", "C"}));
  EXPECT_EQ(rows(*c1_, "SELECT * FROM turso_cdc_marks"), Rows{"1|2|'key_change'"});
}

TEST_F(CaptureTest, AnInsertTriggerThatChangesItsRowComesAfterIt) {
  run("CREATE TABLE t(x INTEGER PRIMARY KEY, y);"
      "CREATE TRIGGER a AFTER INSERT ON t BEGIN UPDATE t SET y = new.y + 1 WHERE x = new.x; END");
  run(kOn);
  run("INSERT INTO t VALUES(1,1)");
  EXPECT_EQ(log(), (Rows{"I t#1 a=[1,1]", "U t#1 b=[1,1] a=[1,2] u=[0,1,N,2]", "C"}));
  EXPECT_EQ(rows(*c1_, "SELECT * FROM turso_cdc_marks"), Rows{"2|2|'trigger'"});
}

TEST_F(CaptureTest, MarksTellWhoWroteARow) {
  run("CREATE TABLE p(x INTEGER PRIMARY KEY); CREATE TABLE c(y INTEGER PRIMARY KEY, p REFERENCES p ON DELETE SET NULL);"
      "CREATE TABLE l(v); CREATE VIEW w AS SELECT x FROM p;"
      "CREATE TRIGGER wi INSTEAD OF INSERT ON w BEGIN INSERT INTO p VALUES(new.x); END;"
      "CREATE TRIGGER ci AFTER INSERT ON c BEGIN INSERT INTO l VALUES(new.y); END;"
      "CREATE TEMP TRIGGER lt AFTER INSERT ON l BEGIN INSERT INTO p VALUES(100 + new.v); END;"
      "PRAGMA foreign_keys = 1");
  run(kOn);
  run("INSERT INTO w VALUES(1); INSERT INTO c VALUES(5, 1); DELETE FROM p WHERE x = 1");
  EXPECT_EQ(log(), (Rows{"I p#1 a=[1]", "C", "I c#5 a=[5,1]", "I l#1 a=[5]", "I p#105 a=[105]", "C", "D p#1 b=[1]",
                         "U c#5 b=[5,1] a=[5,N] u=[0,1,N,N]", "C"}));
  EXPECT_EQ(rows(*c1_, "SELECT * FROM turso_cdc_marks"), (Rows{"4|4|'trigger'", "8|8|'foreign_key'"}));
}

TEST_F(CaptureTest, B37_ATriggerThatWritesTheLogIsNotCaptured) {
  run("CREATE TABLE t(x INTEGER PRIMARY KEY, y)");
  run(kOn);
  run("CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO turso_cdc(change_type, table_name) VALUES(9, 'mine'); "
      "END");
  forget();
  run("INSERT INTO t VALUES(1,1)");
  EXPECT_EQ(rows(*c1_, "SELECT change_type, table_name FROM turso_cdc"), (Rows{"9|'mine'", "1|'t'", "2|NULL"}));
}

TEST_F(CaptureTest, TempTablesAndShadowTablesLeaveNothing) {
  run(kXY);
  run("CREATE VIRTUAL TABLE f USING fts5(a); CREATE VIRTUAL TABLE r USING rtree(id, a, b)");
  run(kOn);
  run("CREATE TEMP TABLE u(a); INSERT INTO u VALUES(1); UPDATE u SET a = 2; INSERT INTO f VALUES('word');"
      "INSERT INTO r VALUES(1, 2, 3); ANALYZE; DROP TABLE u");
  EXPECT_EQ(log(), Rows{});
  run("CREATE TEMP TABLE u(a); CREATE TEMP TRIGGER ut AFTER INSERT ON u BEGIN INSERT INTO t VALUES(new.a, 0); END;"
      "INSERT INTO u VALUES(4)");
  EXPECT_EQ(log(), (Rows{"I t#4 a=[4,0]", "C"}));
}

TEST_F(CaptureTest, AnFtsIndexIsOneSchemaRow) {
  run(kOn);
  run("CREATE VIRTUAL TABLE f USING fts5(a)");
  run("DROP TABLE f");
  Rows got = log();
  ASSERT_EQ(got.size(), 4u);
  EXPECT_EQ(got[0], "I S#5 a=['table','f','f',0,'CREATE VIRTUAL TABLE f USING fts5(a)']");
  EXPECT_EQ(got[2], "D S#5 b=['table','f','f',0,'CREATE VIRTUAL TABLE f USING fts5(a)']");
}

TEST_F(CaptureTest, AttachedDatabasesAreCapturedElsewhereThanOnAReplica) {
  run("ATTACH '" + dir_.path("other.db") + "' AS o");
  run(kOn);
  run("CREATE TABLE o.t1(a); INSERT INTO o.t1 VALUES(1)");
  EXPECT_EQ(log(), (Rows{"I S#1 a=['table','t1','t1',2,'CREATE TABLE t1(a)']", "C", "I t1#1 a=[1]", "C"}));
}

TEST_F(CaptureTest, InsertFromTheLogSeesItAsItWas) {
  run("CREATE TABLE copy(a)");
  run(kOn);
  run("INSERT INTO copy VALUES(1)");
  run("INSERT INTO copy SELECT change_id FROM turso_cdc");
  EXPECT_EQ(rows(*c1_, "SELECT count(*) FROM copy"), Rows{"3"});
}

// --- 3.11 Counters

TEST_F(CaptureTest, CountersAreAsInTheReference) {
  run(kXY);
  run(kOn);
  auto total = [&] { return std::stoll(rows(*c1_, "SELECT total_changes()").at(0)); };
  auto changes = [&] { return rows(*c1_, "SELECT changes()").at(0); };
  auto step = [&](const char* sql) {
    std::int64_t before = total();
    run(sql);
    return changes() + "," + std::to_string(total() - before);
  };
  EXPECT_EQ(step("INSERT INTO t VALUES(1,1)"), "1,3");
  EXPECT_EQ(step("INSERT INTO t VALUES(2,2),(3,3)"), "2,5");
  EXPECT_EQ(step("UPDATE t SET y = 0"), "3,7");
  EXPECT_EQ(step("DELETE FROM t WHERE x > 1"), "2,5");
  EXPECT_EQ(step("CREATE TABLE u(a)"), "2,0");
  run("BEGIN");
  EXPECT_EQ(step("INSERT INTO t VALUES(42,1)"), "1,2");
  EXPECT_EQ(step("COMMIT"), "1,0");
  EXPECT_EQ(c1_->last_insert_rowid(), 42);
  EXPECT_EQ(rows(*c1_, "SELECT last_insert_rowid()"), Rows{"42"});
  auto update = prepare(*c1_, "UPDATE t SET y = 9");
  update->step().value();
  EXPECT_EQ(update->change_count(), 2);
}

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

// --- 5. DDL

TEST_F(CaptureTest, AddAndDropColumnCarryTheStatement) {
  run(kXY);
  run(kOn);
  run("  ALTER TABLE t ADD COLUMN z /* c */ ;  ");
  EXPECT_EQ(log(), (Rows{"U S#1 b=['table','t','t',2,'CREATE TABLE t(x INTEGER PRIMARY KEY, y)'] "
                         "a=['table','t','t',2,'CREATE TABLE t(x INTEGER PRIMARY KEY, y, z /* c */)'] "
                         "u=[0,0,0,0,1,N,N,N,N,'ALTER TABLE t ADD COLUMN z /* c */ ;']",
                         "C"}));
}

TEST_F(CaptureTest, CreateTableAsSelectGivesItsRows) {
  run(kOn);
  run("CREATE TABLE u AS SELECT 1 AS a, 2.0 AS rowid UNION ALL SELECT 'x', NULL");
  EXPECT_EQ(log(),
            (Rows{"I S#5 a=['table','u','u',6,'CREATE TABLE u(a,rowid)']", "I u#1 a=[1,2.0]", "I u#2 a=['x',N]", "C"}));
}

TEST_F(CaptureTest, DropTableWithChildrenListsThemThenTheTable) {
  run("CREATE TABLE p(x INTEGER PRIMARY KEY); CREATE TABLE c(y INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE);"
      "INSERT INTO p VALUES(1); INSERT INTO c VALUES(10,1); PRAGMA foreign_keys = 1");
  run("PRAGMA capture_data_changes_conn('id')");
  run("DROP TABLE p");
  EXPECT_EQ(log(), (Rows{"D c#10", "D S#1", "C"}));
}

TEST_F(CaptureTest, DdlRolledBackLeavesNothingAndCookiesDoNotDeceive) {
  run(kOn);
  run("BEGIN; CREATE TABLE a(x); ROLLBACK; CREATE TABLE b(x)");
  EXPECT_EQ(log(), (Rows{"I S#5 a=['table','b','b',6,'CREATE TABLE b(x)']", "C"}));
  run("BEGIN; SAVEPOINT s; CREATE TABLE c(x); ROLLBACK TO s; CREATE TABLE d(x); COMMIT");
  EXPECT_EQ(log().at(2), "I S#6 a=['table','d','d',7,'CREATE TABLE d(x)']");
  EXPECT_EQ(log().size(), 4u);
}

TEST_F(CaptureTest, AnotherConnectionsTableIsNotOurs) {
  run(kOn);
  run("CREATE TABLE a(x)");
  auto c2 = connect(database_);
  must(*c2, "CREATE TABLE theirs(x)");
  run("CREATE TABLE b(x)");
  EXPECT_EQ(log().size(), 4u);
}

TEST_F(CaptureTest, OldColumnListsAreKeptForOldRecords) {
  run(kXY);
  run(kOn);
  run("INSERT INTO t VALUES(1,1); ALTER TABLE t ADD COLUMN z; INSERT INTO t VALUES(2,2,2); DROP TABLE t;"
      "CREATE TABLE empty(a); DROP TABLE empty");
  EXPECT_EQ(
      rows(*c1_, "SELECT table_name, last_change_id, group_concat(column_name) FROM turso_cdc_schema GROUP BY 1, 2"),
      (Rows{"'t'|2|'x,y'", "'t'|6|'x,y,z'"}));
}

TEST_F(CaptureTest, AReadSeesRowsOfTheOpenTransaction) {
  run(kXY);
  run(kOn);
  auto c2 = connect(database_);
  run("BEGIN; INSERT INTO t VALUES(1,1)");
  EXPECT_EQ(log(), Rows{"I t#1 a=[1,1]"});
  EXPECT_EQ(read_log(*c2), Rows{});
  run("COMMIT");
}

// --- 7. Journal mode

TEST_F(CaptureTest, A42_A44_TheJournalModeStaysWhileCapturing) {
  run(kXY);
  run(kOn);
  EXPECT_EQ(rows(*c1_, "PRAGMA journal_mode='wal'"), Rows{"'wal'"});
  for (const char* mode : {"mvcc", "delete", "MEMORY"}) {
    std::string message = error(std::string("PRAGMA main.journal_mode='") + mode + "'");
    EXPECT_NE(message.find("CDC"), std::string::npos) << mode;
    EXPECT_NE(message.find("capture_data_changes"), std::string::npos);
  }
  EXPECT_EQ(rows(*c1_, "PRAGMA journal_mode"), Rows{"'wal'"});
  run(kOff);
  EXPECT_EQ(rows(*c1_, "PRAGMA journal_mode=delete"), Rows{"'delete'"});
  EXPECT_EQ(error("BEGIN CONCURRENT"), "Concurrent transaction mode is only supported when MVCC is enabled");
}

}  // namespace
}  // namespace turso::database
