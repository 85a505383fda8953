// What a push sends, and in which requests.
#include "unit/sync/push_fixture.hpp"

namespace turso::sync {
namespace {

constexpr std::string_view kCompareText = "SELECT CASE WHEN (SELECT pull_gen";

TEST_F(PushTest, TheFirstPushIsOneRequestInTheFirstPushForm) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, v)"});
  local({"INSERT INTO t VALUES(1, 'a')", "INSERT INTO t VALUES(2, 'b')"});
  const PushResult result = push().value();
  EXPECT_EQ(result.requests, 1);
  EXPECT_EQ(result.transactions_sent, 2);
  EXPECT_EQ(result.changes_sent, 3);
  ASSERT_EQ(server_.last_steps.size(), 8U);
  EXPECT_EQ(server_.last_steps[0], "BEGIN IMMEDIATE");
  EXPECT_EQ(server_.last_steps[1].substr(0, 26), "CREATE TABLE IF NOT EXISTS");
  EXPECT_EQ(server_.last_steps[2].substr(0, kCompareText.size()), kCompareText);
  EXPECT_EQ(server_.last_steps[3], "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, v)");
  EXPECT_EQ(server_.last_steps[6], "COMMIT");
  EXPECT_EQ(server_.last_steps[7], "ROLLBACK");
  expect_same("t");
  EXPECT_EQ(meta().pushed_through, recorder_.last_change_id());
  EXPECT_EQ(at_server("SELECT change_id FROM turso_sync_last_change_id"), Value(recorder_.last_change_id()));
  EXPECT_EQ(at_server("SELECT client_id FROM turso_sync_last_change_id"), Value(meta().client_id));
}

TEST_F(PushTest, ALaterPushIsOneRequestWithoutTheTable) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, v)"});
  ASSERT_TRUE(push().has_value());
  local({"INSERT INTO t VALUES(1, 'a')"});
  const PushResult result = push().value();
  EXPECT_EQ(result.requests, 1);
  EXPECT_EQ(server_.last_steps[1].substr(0, kCompareText.size()), kCompareText);
  expect_same("t");
}

TEST_F(PushTest, NothingToSendIsNoRequest) {
  EXPECT_EQ(push().value().requests, 0);
  EXPECT_GT(meta().last_push_unix_time, 0);
}

TEST_F(PushTest, RowsThatAreNeverSentMoveTheMark) {
  local({"CREATE TABLE t(a)"});
  ASSERT_TRUE(push().has_value());
  recorder_.lone_commit();
  recorder_.lone_commit();
  EXPECT_EQ(push().value().requests, 0);
  EXPECT_EQ(meta().pushed_through, 4);
  local({"CREATE TABLE turso_sync_last_change_id(client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER)"});
  local({"INSERT INTO turso_sync_last_change_id VALUES('x', 1, 1)"});
  EXPECT_EQ(push().value().requests, 0) << "the server's own table";
  EXPECT_EQ(meta().pushed_through, recorder_.last_change_id());
}

TEST_F(PushTest, LoneCommitRecordsAroundATransactionNeedNoRequestOfTheirOwn) {
  local({"CREATE TABLE t(a)"});
  ASSERT_TRUE(push().has_value());
  recorder_.lone_commit();
  local({"INSERT INTO t VALUES(1)"});
  recorder_.lone_commit();
  EXPECT_EQ(push().value().requests, 1);
  EXPECT_EQ(at_server("SELECT change_id FROM turso_sync_last_change_id"), Value(recorder_.last_change_id() - 1))
      << "the COMMIT record of the transaction that was sent";
  EXPECT_EQ(meta().pushed_through, recorder_.last_change_id());
}

TEST_F(PushTest, TheNonceAndSentThroughAreWrittenBeforeTheBatchLeaves) {
  local({"CREATE TABLE t(a)"});
  auto running = session();
  ASSERT_TRUE(running->next().value().has_value());
  const Meta before_answer = meta();
  ASSERT_EQ(before_answer.batches.size(), 1U);
  EXPECT_EQ(before_answer.batches[0].state, BatchState::kInDoubt);
  EXPECT_EQ(before_answer.sent_through, recorder_.last_change_id());
  EXPECT_EQ(before_answer.id_high_water, recorder_.last_change_id());
  EXPECT_EQ(before_answer.pushed_through, 0);
}

TEST_F(PushTest, TheThresholdSplitsBetweenTransactionsOnly) {
  local({"CREATE TABLE t(a INTEGER PRIMARY KEY)"});
  for (int i = 0; i < 3; ++i) {
    local({"INSERT INTO t VALUES(" + std::to_string(10 * i) + ")",
           "INSERT INTO t VALUES(" + std::to_string(10 * i + 1) + ")",
           "INSERT INTO t VALUES(" + std::to_string(10 * i + 2) + ")"});
  }
  const PushResult result = push({.operations_threshold = 2}).value();
  EXPECT_EQ(result.batches_sent, 3) << "1 + 3, 3, 3 changes";
  EXPECT_EQ(result.transactions_sent, 4);
  expect_same("t");
}

TEST_F(PushTest, TheRequestSizeSplitsBetweenTransactionsAndALargerOneGoesAlone) {
  local({"CREATE TABLE t(a INTEGER PRIMARY KEY, v)"});
  for (int i = 0; i < 6; ++i) local({"INSERT INTO t VALUES(" + std::to_string(i) + ", hex(zeroblob(1000)))"});
  local({"INSERT INTO t VALUES(100, hex(zeroblob(20000)))"});
  local({"INSERT INTO t VALUES(101, 'last')"});
  auto running = session({.request_bytes_max = 6000});
  int requests = 0;
  for (;;) {
    auto request = running->next().value();
    if (!request.has_value()) break;
    ++requests;
    EXPECT_TRUE(request->body.size() <= 6000 || request->body.size() > 40000) << request->body.size();
    ASSERT_TRUE(running->on_answer(server_.handle(request->body)).has_value());
  }
  EXPECT_GE(requests, 5);
  expect_same("t");
}

TEST_F(PushTest, EveryKindOfChangeArrives) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, a, b TEXT)", "CREATE TABLE k(x TEXT, y INT, v, PRIMARY KEY(y, x))",
         "CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID", "CREATE TABLE n(a, b)"});
  local({"INSERT INTO t VALUES(1, 'x', 'y'), (2, 'p', 'q')", "INSERT INTO k VALUES('a', 1, 10), ('b', 2, 20)",
         "INSERT INTO w VALUES('k1', 1), ('k2', 2)", "INSERT INTO n VALUES(1, 'same'), (1, 'same'), (2, NULL)"});
  ASSERT_TRUE(push().has_value());
  local({"UPDATE t SET a = 'new' WHERE id = 1", "UPDATE t SET id = 77 WHERE id = 2",
         "UPDATE k SET x = 'changed' WHERE y = 1", "DELETE FROM k WHERE y = 2",
         "UPDATE w SET k = 'k9', v = 9 WHERE k = 'k1'", "DELETE FROM w WHERE k = 'k2'",
         "UPDATE n SET b = 'other' WHERE rowid = 1", "DELETE FROM n WHERE rowid = 3"});
  local({"REPLACE INTO t VALUES(77, 'replaced', 'r')"});
  Result<PushResult> result = push();
  ASSERT_TRUE(result.has_value()) << result.error().message;
  expect_same("t");
  expect_same("k");
  expect_same("w");
  expect_same("n", "1, 2");
}

TEST_F(PushTest, AKeyChangeIsOneUpdateSoThatChildrenStay) {
  remote("PRAGMA foreign_keys = ON");
  local({"CREATE TABLE parent(id INTEGER PRIMARY KEY)",
         "CREATE TABLE child(p REFERENCES parent(id) ON DELETE CASCADE ON UPDATE CASCADE)"});
  local({"INSERT INTO parent VALUES(1)", "INSERT INTO child VALUES(1)"});
  ASSERT_TRUE(push().has_value());
  local({"UPDATE parent SET id = 2"});
  ASSERT_TRUE(push().has_value());
  EXPECT_EQ(at_server("SELECT p FROM child"), Value(2)) << "a DELETE would have taken the child away";
}

TEST_F(PushTest, EveryKindOfValueArrives) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, v, r REAL)"});
  local(
      {"INSERT INTO t(v) VALUES(NULL), (9223372036854775807), (-9223372036854775807 - 1), (0), (1.5), (-0.0), (9e999), "
       "(-9e999), (5e-324), "
       "(1.7976931348623157e308), (''), ('it''s \"quoted\" \\ back'), (x''), (x'00ff'), (CAST(x'61ff62' AS TEXT)), "
       "(CAST(x'610062' AS TEXT)), (char(1, 10, 8232, 128512)), (123456789012345678)",
       "UPDATE t SET r = 3"});
  Result<PushResult> result = push();
  ASSERT_TRUE(result.has_value()) << result.error().message;
  expect_same("t");
}

TEST_F(PushTest, GeneratedColumnsAreLeftToTheServer) {
  local({"CREATE TABLE g(a INTEGER PRIMARY KEY, b, s GENERATED ALWAYS AS (b * 2) STORED, v AS (b + 1), c)"});
  local({"INSERT INTO g(a, b, c) VALUES(1, 10, 'x')", "UPDATE g SET b = 11, c = 'y'"});
  Result<PushResult> result = push();
  ASSERT_TRUE(result.has_value()) << result.error().message;
  expect_same("g");
}

TEST_F(PushTest, OddNamesAreQuoted) {
  local({"CREATE TABLE \"a\"\"b\"(\"select\" INTEGER PRIMARY KEY, \"c d\", \"\"\"\")",
         "CREATE TABLE [order]([group] TEXT PRIMARY KEY, rowid, oid)"});
  local({"INSERT INTO \"a\"\"b\" VALUES(1, 2, 3)", "INSERT INTO [order] VALUES('k', 1, 2)",
         "UPDATE [order] SET oid = 5", "UPDATE \"a\"\"b\" SET \"\"\"\" = 9"});
  local({"CREATE INDEX \"i\"\"x\" ON \"a\"\"b\"(\"c d\")"});
  local({"DROP INDEX \"i\"\"x\""});
  Result<PushResult> result = push();
  ASSERT_TRUE(result.has_value()) << result.error().message;
  expect_same("a\"b");
  expect_same("order");
}

TEST_F(PushTest, EveryKindOfSchemaChangeArrives) {
  local({"CREATE TABLE t(a INTEGER PRIMARY KEY, b)", "CREATE INDEX i ON t(b)", "CREATE VIEW v AS SELECT b FROM t"});
  local({"CREATE TABLE audit(x)", "CREATE TRIGGER g AFTER DELETE ON t BEGIN INSERT INTO audit VALUES(old.b); END"});
  local({"INSERT INTO t VALUES(1, 'one')"});
  local({"ALTER TABLE t RENAME COLUMN b TO c", "INSERT INTO t VALUES(2, 'two')"});
  local({"ALTER TABLE t RENAME TO t2"});
  local({"INSERT INTO t2 VALUES(3, 'three')", "ALTER TABLE t2 ADD COLUMN d DEFAULT 7",
         "INSERT INTO t2 VALUES(4, 'four', 4)"});
  local({"CREATE TABLE gone(a)", "INSERT INTO gone VALUES(1)", "DROP TABLE gone"});
  local({"DROP VIEW v", "DROP INDEX i"});
  Result<PushResult> result = push();
  ASSERT_TRUE(result.has_value()) << result.error().message;
  expect_same("t2");
  EXPECT_EQ(at_server("SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE name NOT LIKE "
                      "'turso%' AND name NOT LIKE "
                      "'sqlite%' ORDER BY name)"),
            Value("audit g t2"));
}

TEST_F(PushTest, DropOfSomethingThatIsGoneIsNoError) {
  local({"CREATE TABLE t(a)"});
  ASSERT_TRUE(push().has_value());
  remote("DROP TABLE t");
  local({"DROP TABLE t"});
  EXPECT_TRUE(push().has_value());
}

TEST_F(PushTest, AColumnThatTheServerHasIsNotAddedAgain) {
  local({"CREATE TABLE t(a INTEGER PRIMARY KEY)"});
  ASSERT_TRUE(push().has_value());
  remote("ALTER TABLE t ADD COLUMN Extra TEXT");
  local({"ALTER TABLE t ADD COLUMN extra TEXT", "INSERT INTO t VALUES(1, 'mine')"});
  const PushResult result = push().value();
  EXPECT_EQ(result.requests, 2) << "its columns are read first";
  EXPECT_EQ(at_server("SELECT extra FROM t"), Value("mine"));
}

TEST_F(PushTest, AColumnAddedMeanwhileIsReadAgain) {
  local({"CREATE TABLE t(a INTEGER PRIMARY KEY)"});
  ASSERT_TRUE(push().has_value());
  local({"ALTER TABLE t ADD COLUMN extra TEXT", "INSERT INTO t VALUES(1, 'mine')"});
  auto running = session();
  ASSERT_TRUE(running->on_answer(server_.handle(running->next().value()->body)).has_value());
  remote("ALTER TABLE t ADD COLUMN extra TEXT");
  for (;;) {
    auto request = running->next();
    ASSERT_TRUE(request.has_value()) << request.error().message;
    if (!request->has_value()) break;
    ASSERT_TRUE(running->on_answer(server_.handle((*request)->body)).has_value());
  }
  EXPECT_EQ(at_server("SELECT extra FROM t"), Value("mine"));
}

}  // namespace
}  // namespace turso::sync
