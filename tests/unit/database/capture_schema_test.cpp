// Captured changes of the schema.
#include "capture_fixture.hpp"

namespace turso::database {
namespace {

constexpr const char* kOn = "PRAGMA capture_data_changes_conn('full')";
constexpr const char* kXY = "CREATE TABLE t(x INTEGER PRIMARY KEY, y)";

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

// SQLite waits for the lock only while nothing has been read, and a change of the schema reads first.
TEST_F(CaptureTest, AChangeOfTheSchemaWaitsForTheLock) {
  run(kXY);
  run(kOn);
  auto c2 = connect(database_);
  auto install = [&](sqlite3* db) {
    auto release = [](void* other, int calls) {
      if (calls == 0) must(*static_cast<Connection*>(other), "COMMIT");
      return calls == 0 ? 1 : 0;
    };
    return sqlite3_busy_handler(db, release, c2.get());
  };
  ASSERT_TRUE(c1_->install("busy", install, [](sqlite3*) { return SQLITE_OK; }).has_value());
  must(*c2, "BEGIN IMMEDIATE; INSERT INTO t VALUES(1,1)");
  EXPECT_EQ(error("CREATE TABLE a(x)"), "");
  must(*c2, "BEGIN IMMEDIATE; INSERT INTO t VALUES(2,2)");
  run("BEGIN");
  EXPECT_EQ(error("CREATE TABLE b(x)"), "");
  run("COMMIT");
  EXPECT_EQ(log().size(), 4u);
  must(*c2, "BEGIN IMMEDIATE; INSERT INTO t VALUES(3,3)");
  EXPECT_EQ(error("CREATE TABLE IF NOT EXISTS a(x)"), "") << "needs no lock";
  EXPECT_FALSE(c2->autocommit());
}

TEST_F(CaptureTest, TheNameOfADetachedSchemaMayComeAgainWithAnotherFile) {
  for (const char* name : {"first.db", "second.db"}) {
    auto other = connect(open(dir_.path(name)));
    must(*other, name[0] == 'f' ? "CREATE TABLE a(x)" : "CREATE TABLE b(x); CREATE TABLE c(x)");
  }
  run("PRAGMA capture_data_changes_conn('full')");
  run("ATTACH '" + dir_.path("first.db") + "' AS x; CREATE TABLE x.a2(x); DETACH x");
  forget();
  run("ATTACH '" + dir_.path("second.db") + "' AS x; CREATE TABLE x.d(x)");
  EXPECT_EQ(log(), (Rows{"I S#3 a=['table','d','d',4,'CREATE TABLE d(x)']", "C"}));
}

TEST_F(CaptureTest, ATableMayHideItsRowidUnderThreeColumns) {
  run("PRAGMA capture_data_changes_conn('full')");
  run("CREATE TABLE t(rowid, oid, _rowid_); INSERT INTO t VALUES(1,2,3)");
  EXPECT_EQ(log().size(), 4u);
  EXPECT_NE(error("CREATE TABLE u AS SELECT 1 AS rowid, 2 AS oid, 3 AS _rowid_").find("cannot be captured"),
            std::string::npos);
  EXPECT_EQ(log().size(), 4u);
}

TEST_F(CaptureTest, AViewThatCameToReadTheLogSeesAllOfIt) {
  run("CREATE TABLE t(x INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT count(*) FROM t");
  run("PRAGMA capture_data_changes_conn('full')");
  auto select = prepare(*c1_, "SELECT * FROM v");
  run("BEGIN; DROP VIEW v; CREATE VIEW v AS SELECT count(*) FROM turso_cdc; INSERT INTO t VALUES(1)");
  ASSERT_EQ(select->step().value(), StepResult::kRow);
  EXPECT_EQ(select->value_int(0), 3);
  run("COMMIT");
}

}  // namespace
}  // namespace turso::database
