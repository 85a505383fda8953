// Push and rebase of every kind of change that a connection of the library captures.
#include <gtest/gtest.h>

#include "support/replica_model.hpp"
#include "support/temp_dir.hpp"

namespace turso::sync {
namespace {

class CapturedTest : public testing::Test {
 protected:
  CapturedTest() : server_(dir_.path("server.db")) {}

  void begin_with(const std::string& sql) {
    remote(sql);
    replica_ = std::make_unique<test::ReplicaModel>(dir_.path("p.db"), server_);
  }

  void remote(const std::string& sql) {
    Status status = server_.connection().exec(sql);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }

  // Each statement by itself: they begin and end transactions as an app would.
  void local(const std::vector<std::string>& statements) {
    for (const std::string& sql : statements) {
      Status status = replica_->recorder().exec(sql);
      ASSERT_TRUE(status.has_value()) << sql << ": " << status.error().message;
    }
  }

  void push() {
    auto result = replica_->push(server_);
    ASSERT_TRUE(result.has_value()) << result.error().message;
  }
  void pull() {
    auto result = replica_->pull(server_);
    ASSERT_TRUE(result.has_value()) << result.error().message;
  }
  void expect_converged() {
    EXPECT_EQ(test::dump(replica_->db()), test::dump(server_.connection()));
    pull();
    EXPECT_EQ(test::dump(replica_->db()), test::dump(server_.connection()));
    EXPECT_EQ(replica_->recorder().log_rows(), 0);
  }

  test::TempDir dir_;
  test::ScriptedServer server_;
  std::unique_ptr<test::ReplicaModel> replica_;
};

constexpr const char* kTables =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b TEXT, r REAL); CREATE TABLE k(x TEXT, y INT, v, PRIMARY KEY(y, x));"
    "CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID; CREATE TABLE n(a, b);"
    "CREATE TABLE g(a INTEGER PRIMARY KEY, b, s AS (b * 2) STORED, v AS (b + 1), c);"
    "INSERT INTO t VALUES(1, 'x', 'y', 1), (2, 'p', 'q', 2.5); INSERT INTO n VALUES('remote', 1)";

const std::vector<std::string> kChanges = {
    "INSERT INTO t VALUES(10, 9e999, 'ten', 3)",
    "INSERT INTO t(id, a) VALUES(1, 'upsert') ON CONFLICT(id) DO UPDATE SET a = excluded.a",
    "UPDATE t SET id = 77, b = 'moved' WHERE id = 2",
    "REPLACE INTO t VALUES(10, 'replaced', NULL, -0.0)",
    "BEGIN",
    "INSERT INTO k VALUES('a', 1, x'00ff'), ('b', 2, CAST(x'ff61' AS TEXT))",
    "UPDATE k SET x = 'changed' WHERE y = 1",
    "SAVEPOINT s",
    "DELETE FROM k",
    "ROLLBACK TO s",
    "COMMIT",
    "INSERT INTO w VALUES('k1', 1), ('k2', 2)",
    "UPDATE w SET k = 'k9' WHERE k = 'k1'",
    "DELETE FROM w WHERE k = 'k2'",
    "INSERT INTO n VALUES('x', 1), ('x', 1), (NULL, NULL)",
    "UPDATE n SET b = 2 WHERE rowid = (SELECT min(rowid) FROM n WHERE a = 'x')",
    "DELETE FROM n WHERE a IS NULL",
    "INSERT INTO g(a, b, c) VALUES(1, 10, 'x')",
    "UPDATE g SET b = 11, c = 'y'",
    "DELETE FROM t WHERE id = 12345",
};

TEST_F(CapturedTest, EveryKindOfChangeIsPushed) {
  begin_with(kTables);
  local(kChanges);
  push();
  expect_converged();
}

TEST_F(CapturedTest, EveryKindOfChangeIsReplayed) {
  begin_with(kTables);
  local(kChanges);
  const std::string before = test::dump(replica_->db());
  pull();
  EXPECT_EQ(test::dump(replica_->db()), before);
  remote("INSERT INTO t VALUES(500, 'theirs', NULL, NULL); INSERT INTO n VALUES('theirs', 1)");
  pull();
  push();
  expect_converged();
}

const std::vector<std::string> kSchemaChanges = {
    "CREATE TABLE fresh(k TEXT PRIMARY KEY, v) WITHOUT ROWID",
    "INSERT INTO fresh VALUES('k', 1)",
    "CREATE INDEX i ON t(b)",
    "CREATE VIEW v AS SELECT b FROM t",
    "ALTER TABLE t RENAME COLUMN b TO c",
    "INSERT INTO t VALUES(50, 1, 'renamed', 1)",
    "ALTER TABLE t RENAME TO t2",
    "UPDATE t2 SET a = 'after' WHERE id = 50",
    "ALTER TABLE t2 ADD COLUMN d DEFAULT 7",
    "INSERT INTO t2 VALUES(51, 1, 'x', 2, 3)",
    "ALTER TABLE n DROP COLUMN b",
    "INSERT INTO n VALUES('narrow')",
    "CREATE TABLE copied AS SELECT * FROM t2",
    "CREATE TABLE gone(a)",
    "INSERT INTO gone VALUES(1)",
    "DROP TABLE gone",
    "DROP VIEW v",
    "CREATE TABLE \"a\"\"b\"(\"select\" INTEGER PRIMARY KEY, \"c d\")",
    "INSERT INTO \"a\"\"b\" VALUES(1, 2)",
};

TEST_F(CapturedTest, EveryKindOfSchemaChangeIsPushed) {
  begin_with(kTables);
  local(kSchemaChanges);
  push();
  expect_converged();
}

TEST_F(CapturedTest, EveryKindOfSchemaChangeIsReplayed) {
  begin_with(kTables);
  local(kSchemaChanges);
  const std::string before = test::dump(replica_->db());
  pull();
  EXPECT_EQ(test::dump(replica_->db()), before);
  push();
  expect_converged();
}

TEST_F(CapturedTest, TriggersAndForeignKeyActionsHappenOnce) {
  begin_with(
      "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id) ON DELETE "
      "CASCADE ON UPDATE CASCADE);"
      "CREATE TABLE audit(what); CREATE TRIGGER gi AFTER INSERT ON p BEGIN INSERT INTO audit VALUES('p ' || new.id); "
      "END;"
      "CREATE TRIGGER gd AFTER DELETE ON c BEGIN INSERT INTO audit VALUES('c gone ' || old.id); END");
  remote("PRAGMA foreign_keys = ON");
  local({"PRAGMA foreign_keys = ON", "INSERT INTO p VALUES(1), (2), (3)",
         "INSERT INTO c VALUES(10, 1), (20, 2), (30, 3)", "DELETE FROM p WHERE id = 1",
         "UPDATE p SET id = 22 WHERE id = 2"});
  const std::string before = test::dump(replica_->db());
  pull();
  EXPECT_EQ(test::dump(replica_->db()), before);
  push();
  expect_converged();
}

}  // namespace
}  // namespace turso::sync
