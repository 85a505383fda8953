// What a captured write leaves in the log beyond the case table: images, marks, noise, counters.
#include "capture_fixture.hpp"

namespace turso::database {
namespace {

constexpr const char* kOn = "PRAGMA capture_data_changes_conn('full')";
constexpr const char* kXY = "CREATE TABLE t(x INTEGER PRIMARY KEY, y)";

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

TEST_F(CaptureTest, AStatementThatIsOlderThanATempTriggerIsCaptured) {
  run("CREATE TABLE t(x INTEGER PRIMARY KEY); CREATE TEMP TABLE scratch(a)");
  run("PRAGMA capture_data_changes_conn('full')");
  auto insert = prepare(*c1_, "INSERT INTO scratch VALUES(1)");
  run("CREATE TEMP TRIGGER tr AFTER INSERT ON scratch BEGIN INSERT INTO t VALUES(7); END");
  ASSERT_TRUE(insert->step().has_value());
  EXPECT_EQ(rows(*c1_, "SELECT x FROM t"), Rows{"7"});
  EXPECT_EQ(log(), (Rows{"I t#7 a=[7]", "C"}));
}

TEST_F(CaptureTest, MarksOfIdsThatComeAgainAreReplaced) {
  run("CREATE TABLE turso_cdc(change_id INTEGER PRIMARY KEY, change_time, change_txn_id, change_type, table_name, id, "
      "before, after, updates); CREATE TABLE t(x INTEGER PRIMARY KEY); CREATE TABLE audit(z);"
      "CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO audit VALUES(new.x); END");
  run("PRAGMA capture_data_changes_conn('full')");
  run("INSERT INTO t VALUES(1)");
  forget();
  run("INSERT INTO t VALUES(2)");
  EXPECT_EQ(log(), (Rows{"I t#2 a=[2]", "I audit#2 a=[2]", "C"}));
  EXPECT_EQ(rows(*c1_, "SELECT first_change_id, last_change_id, kind FROM turso_cdc_marks"), Rows{"2|2|'trigger'"});
}

}  // namespace
}  // namespace turso::database
