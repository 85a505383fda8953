// The capture pragma, the log and its ids, the journal mode.
#include "capture_fixture.hpp"

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
