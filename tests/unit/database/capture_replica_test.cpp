// A file with turso_sync_meta is a replica: captured however it is opened, its bookkeeping out of reach.
#include "capture_fixture.hpp"
#include "sqlite/connection.hpp"

namespace turso::database {
namespace {

class ReplicaCaptureTest : public CaptureTest {
 protected:
  // The engine does this on a connection of its own.
  void make_replica() {
    sqlite::Connection plain = sqlite::Connection::open(dir_.path("t.db"), {}).value();
    Status status = plain.exec(
        "CREATE TABLE turso_sync_meta(key TEXT PRIMARY KEY, value);"
        "INSERT INTO turso_sync_meta VALUES('sent_through', 40), ('acked', 12), ('client_id', 'zzz')");
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
};

TEST_F(ReplicaCaptureTest, EveryConnectionCapturesInFull) {
  run("CREATE TABLE t(x INTEGER PRIMARY KEY, y)");
  make_replica();
  auto c2 = connect(database_);
  must(*c2, "INSERT INTO t VALUES(1,1)");
  EXPECT_EQ(rows(*c2, "PRAGMA capture_data_changes_conn"), Rows{"'full'|'turso_cdc'|'v2'"});
  EXPECT_EQ(read_log(*c2), (Rows{"I t#1 a=[1,1]", "C"}));
  EXPECT_EQ(rows(*c2, "SELECT min(change_id) FROM turso_cdc"), Rows{"41"}) << "above every mark";
}

TEST_F(ReplicaCaptureTest, AConnectionThatWasOpenBeforeCapturesToo) {
  run("CREATE TABLE t(x INTEGER PRIMARY KEY, y)");
  auto insert = prepare(*c1_, "INSERT INTO t VALUES(2,2)");
  make_replica();
  Result<StepResult> first = insert->step();
  if (!first.has_value()) {
    EXPECT_EQ(first.error().kind, ErrorKind::kBusy) << first.error().message;
    EXPECT_EQ(insert->step().value(), StepResult::kDone);
  }
  run("INSERT INTO t VALUES(3,3)");
  EXPECT_EQ(log(), (Rows{"I t#2 a=[2,2]", "C", "I t#3 a=[3,3]", "C"}));
}

TEST_F(ReplicaCaptureTest, CaptureCannotBeSwitched) {
  make_replica();
  auto c2 = connect(database_);
  must(*c2, "PRAGMA capture_data_changes_conn('full')");
  for (const char* value : {"off", "id", "full,other"})
    EXPECT_NE(error_of(*c2, std::string("PRAGMA capture_data_changes_conn('") + value + "')"), "") << value;
}

TEST_F(ReplicaCaptureTest, BookkeepingIsRefusedAtPrepare) {
  make_replica();
  auto c2 = connect(database_);
  must(*c2, "CREATE TABLE t(x); CREATE VIEW w AS SELECT 1 AS a");
  for (const char* sql :
       {"DELETE FROM turso_cdc", "INSERT INTO TURSO_sync_meta VALUES('a', 1)", "UPDATE turso_cdc SET change_time = 0",
        "DROP TABLE turso_cdc", "CREATE INDEX i ON turso_cdc(id)", "CREATE TABLE turso_cdc_held(a)",
        "ALTER TABLE turso_cdc ADD COLUMN q", "CREATE TRIGGER tr AFTER INSERT ON turso_cdc BEGIN SELECT 1; END",
        "ALTER TABLE turso_sync_meta RENAME TO mine"}) {
    auto prepared = c2->prepare_single(sql);
    ASSERT_FALSE(prepared.has_value()) << sql;
    EXPECT_NE(prepared.error().message.find("belongs to sync"), std::string::npos) << prepared.error().message;
  }
  EXPECT_NE(error_of(*c2, "ALTER TABLE t RENAME TO turso_cdc_held"), "");
  must(*c2, "CREATE TRIGGER bad AFTER INSERT ON t BEGIN DELETE FROM turso_cdc; END");
  EXPECT_NE(error_of(*c2, "INSERT INTO t VALUES(1)").find("belongs to sync"), std::string::npos);
  EXPECT_EQ(rows(*c2, "SELECT name FROM sqlite_schema WHERE name = 't'"), Rows{"'t'"});
}

TEST_F(ReplicaCaptureTest, TheSchemaCannotBeEditedBehindTheLog) {
  make_replica();
  auto c2 = connect(database_);
  must(*c2, "CREATE TABLE doc(id INTEGER PRIMARY KEY, body); CREATE INDEX by_body ON doc(body)");
  Rows cookie = rows(*c2, "PRAGMA schema_version");
  must(*c2, "PRAGMA schema_version=4711");
  EXPECT_EQ(rows(*c2, "PRAGMA schema_version"), cookie);
  must(*c2, "PRAGMA writable_schema=ON");
  EXPECT_NE(error_of(*c2, "DELETE FROM sqlite_schema WHERE name = 'by_body'"), "");
  EXPECT_EQ(rows(*c2, "SELECT name FROM sqlite_schema WHERE name = 'by_body'"), Rows{"'by_body'"});
}

TEST_F(ReplicaCaptureTest, StandAloneVirtualTablesAreRefusedAndExternalContentIsNot) {
  make_replica();
  auto c2 = connect(database_);
  must(*c2,
       "CREATE TABLE doc(id INTEGER PRIMARY KEY, body); CREATE VIRTUAL TABLE alone USING fts5(a);"
       "CREATE VIRTUAL TABLE idx USING fts5(body, content='doc', content_rowid='id');"
       "CREATE TRIGGER ai AFTER INSERT ON doc BEGIN INSERT INTO idx(rowid, body) VALUES(new.id, new.body); END");
  EXPECT_NE(error_of(*c2, "INSERT INTO alone VALUES('x')").find("cannot be written on a replica"), std::string::npos);
  must(*c2, "INSERT INTO doc VALUES(1, 'some words')");
  EXPECT_EQ(rows(*c2, "SELECT rowid FROM idx WHERE idx MATCH 'words'"), Rows{"1"});
  EXPECT_EQ(read_log(*c2).back(), "C");
}

TEST_F(ReplicaCaptureTest, AttachedFilesAreNotCapturedAndAttachedReplicasNotWritten) {
  make_replica();
  run("ATTACH '" + dir_.path("plain.db") + "' AS p");
  auto c2 = connect(database_);
  must(*c2, "ATTACH '" + dir_.path("plain.db") +
                "' AS p; CREATE TABLE p.u(a); INSERT INTO p.u VALUES(1);"
                "CREATE TABLE t(x)");
  EXPECT_EQ(read_log(*c2).size(), 2u);
  auto other = connect(open(dir_.path("other.db")));
  must(*other, "ATTACH '" + dir_.path("t.db") + "' AS r");
  EXPECT_NE(error_of(*other, "INSERT INTO r.t VALUES(1)").find("is a replica"), std::string::npos);
}

TEST_F(ReplicaCaptureTest, NobodyMakesAReplicaByHand) {
  EXPECT_NE(error("CREATE TABLE turso_sync_meta(key, value)"), "");
}

TEST_F(ReplicaCaptureTest, VacuumOfAReplicaWorks) {
  make_replica();
  auto c2 = connect(database_);
  must(*c2, "CREATE TABLE t(x); INSERT INTO t VALUES(1); VACUUM");
  EXPECT_EQ(read_log(*c2).size(), 4u);
}

}  // namespace
}  // namespace turso::database
