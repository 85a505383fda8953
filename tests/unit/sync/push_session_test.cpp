#include "sync/push_session.hpp"

#include <gtest/gtest.h>

#include "support/recorder.hpp"
#include "support/scripted_server.hpp"
#include "support/temp_dir.hpp"

namespace turso::sync {
namespace {

constexpr std::string_view kCompareText = "SELECT CASE WHEN (SELECT pull_gen";

class PushTest : public testing::Test {
 protected:
  PushTest() : recorder_(dir_.path("p.db")), server_(dir_.path("server.db")) {
    EXPECT_TRUE(initialize());
  }

  // A replica whose log is empty so far; the log tables bear our names and would be dropped.
  bool initialize() {
    Meta meta = new_meta("laptop", *system_environment());
    return save_meta(recorder_.connection(), meta).has_value();
  }

  Meta meta() { return load_meta(recorder_.connection()).value().value(); }

  std::unique_ptr<PushSession> session(PushOptions options = {}) {
    auto begun = PushSession::begin(sqlite::Connection::open(dir_.path("p.db"), {.busy_timeout_ms = 100}).value(), options);
    EXPECT_TRUE(begun.has_value());
    return std::move(begun).value();
  }

  // Runs a whole session against the server.
  Result<PushResult> push(PushOptions options = {}) {
    auto begun = PushSession::begin(sqlite::Connection::open(dir_.path("p.db"), {.busy_timeout_ms = 100}).value(), options);
    if (!begun.has_value()) return std::move(begun).error();
    PushSession& running = **begun;
    for (;;) {
      TURSO_TRY(auto request, running.next());
      if (!request.has_value()) return running.result();
      TURSO_CHECK(running.on_answer(server_.handle(request->body)));
    }
  }

  void local(const std::vector<std::string>& statements) {
    Status status = recorder_.transaction(statements);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  void remote(const std::string& sql) {
    Status status = server_.connection().exec(sql);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  Value at_server(const std::string& sql) { return server_.connection().query_value(sql).value(); }
  Value here(const std::string& sql) { return recorder_.connection().query_value(sql).value(); }

  // Every user table of the replica, row by row, is the same at the server.
  void expect_same(const std::string& table, const std::string& order = "1") {
    const std::string sql = "SELECT * FROM " + sqlite::identifier(table) + " ORDER BY " + order;
    auto mine = recorder_.connection().prepare(sql).value();
    auto theirs = server_.connection().prepare(sql).value();
    for (;;) {
      const bool more = mine.step().value();
      ASSERT_EQ(theirs.step().value(), more) << table;
      if (!more) return;
      ASSERT_EQ(mine.column_count(), theirs.column_count());
      for (int i = 0; i < mine.column_count(); ++i) EXPECT_EQ(mine.column(i).to_sql(), theirs.column(i).to_sql()) << table << " column " << i;
    }
  }

  test::TempDir dir_;
  test::Recorder recorder_;
  test::ScriptedServer server_;
};

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
    local({"INSERT INTO t VALUES(" + std::to_string(10 * i) + ")", "INSERT INTO t VALUES(" + std::to_string(10 * i + 1) + ")",
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
  local({"UPDATE t SET a = 'new' WHERE id = 1", "UPDATE t SET id = 77 WHERE id = 2", "UPDATE k SET x = 'changed' WHERE y = 1",
         "DELETE FROM k WHERE y = 2", "UPDATE w SET k = 'k9', v = 9 WHERE k = 'k1'", "DELETE FROM w WHERE k = 'k2'",
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
  local({"CREATE TABLE parent(id INTEGER PRIMARY KEY)", "CREATE TABLE child(p REFERENCES parent(id) ON DELETE CASCADE ON UPDATE CASCADE)"});
  local({"INSERT INTO parent VALUES(1)", "INSERT INTO child VALUES(1)"});
  ASSERT_TRUE(push().has_value());
  local({"UPDATE parent SET id = 2"});
  ASSERT_TRUE(push().has_value());
  EXPECT_EQ(at_server("SELECT p FROM child"), Value(2)) << "a DELETE would have taken the child away";
}

TEST_F(PushTest, EveryKindOfValueArrives) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, v, r REAL)"});
  local({"INSERT INTO t(v) VALUES(NULL), (9223372036854775807), (-9223372036854775807 - 1), (0), (1.5), (-0.0), (9e999), (-9e999), (5e-324), "
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
  local({"CREATE TABLE \"a\"\"b\"(\"select\" INTEGER PRIMARY KEY, \"c d\", \"\"\"\")", "CREATE TABLE [order]([group] TEXT PRIMARY KEY, rowid, oid)"});
  local({"INSERT INTO \"a\"\"b\" VALUES(1, 2, 3)", "INSERT INTO [order] VALUES('k', 1, 2)", "UPDATE [order] SET oid = 5", "UPDATE \"a\"\"b\" SET \"\"\"\" = 9"});
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
  local({"INSERT INTO t2 VALUES(3, 'three')", "ALTER TABLE t2 ADD COLUMN d DEFAULT 7", "INSERT INTO t2 VALUES(4, 'four', 4)"});
  local({"CREATE TABLE gone(a)", "INSERT INTO gone VALUES(1)", "DROP TABLE gone"});
  local({"DROP VIEW v", "DROP INDEX i"});
  Result<PushResult> result = push();
  ASSERT_TRUE(result.has_value()) << result.error().message;
  expect_same("t2");
  EXPECT_EQ(at_server("SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE name NOT LIKE 'turso%' AND name NOT LIKE "
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

TEST_F(PushTest, ARefusedChangeHoldsItsTransactionAndAllLaterOnes) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE)"});
  ASSERT_TRUE(push().has_value());
  remote("INSERT INTO t VALUES(50, 'taken')");
  local({"INSERT INTO t VALUES(1, 'a')"});
  local({"INSERT INTO t VALUES(2, 'b')", "INSERT INTO t VALUES(3, 'taken')"});
  local({"INSERT INTO t VALUES(4, 'd')"});
  Result<PushResult> result = push();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kConstraint);
  ASSERT_NE(result.error().subject, nullptr);
  EXPECT_EQ(result.error().subject->table, "t");
  EXPECT_EQ(result.error().subject->key, "3");
  EXPECT_EQ(result.error().subject->constraint, "UNIQUE constraint failed: t.u");
  EXPECT_EQ(here("SELECT id FROM turso_cdc WHERE change_id = " + std::to_string(result.error().subject->change_id)), Value(3));
  EXPECT_EQ(at_server("SELECT group_concat(id) FROM t"), Value("1,50")) << "whole or not at all";
  remote("DELETE FROM t WHERE id = 50");
  ASSERT_TRUE(push().has_value());
  expect_same("t");
}

TEST_F(PushTest, ConsecutiveInsertsAreOneStepAndARefusedOneIsStillNamed) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE, v)"});
  ASSERT_TRUE(push().has_value());
  std::vector<std::string> inserts;
  for (int i = 1; i <= 250; ++i) inserts.push_back("INSERT INTO t VALUES(" + std::to_string(i) + ", 'u" + std::to_string(i) + "', 9e999)");
  local(inserts);
  const PushResult result = push().value();
  EXPECT_EQ(result.changes_sent, 250);
  EXPECT_EQ(server_.last_steps.size(), 3U + 5U) << "rows of 100, 100 and 50";
  expect_same("t");

  remote("INSERT INTO t VALUES(9999, 'taken', NULL)");
  local({"INSERT INTO t VALUES(301, 'a', 1), (302, 'taken', 2), (303, 'c', 3)"});
  Result<PushResult> refused = push();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().subject->key, "302");
}

TEST_F(PushTest, MergedInsertsKeepTheirOrder) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "CREATE TABLE n(a)"});
  local({"INSERT INTO t VALUES(1, 'first')", "INSERT INTO n VALUES(1)", "DELETE FROM t WHERE id = 1", "INSERT INTO t VALUES(1, 'second')",
         "INSERT INTO t VALUES(2, 'x')", "INSERT INTO n VALUES(2), (3), ('\xff')", "UPDATE t SET v = 'third' WHERE id = 1"});
  ASSERT_TRUE(push().has_value());
  expect_same("t");
  expect_same("n");
}

TEST_F(PushTest, ADeferredForeignKeyIsNamedByItsTransaction) {
  remote("PRAGMA foreign_keys = ON");
  local({"CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)"});
  ASSERT_TRUE(push().has_value());
  local({"INSERT INTO p VALUES(1)"});
  local({"INSERT INTO c VALUES(1, 99)"});
  local({"INSERT INTO p VALUES(2)"});
  Result<PushResult> result = push();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kConstraint);
  EXPECT_EQ(result.error().subject->table, "c");
  EXPECT_EQ(at_server("SELECT group_concat(id) FROM p"), Value("1"));
  EXPECT_EQ(at_server("SELECT count(*) FROM c"), Value(0));
}

TEST_F(PushTest, ABatchWhoseAnswerWasLostIsNotSentTwice) {
  local({"CREATE TABLE n(a)", "INSERT INTO n VALUES('once')"});
  {
    auto running = session();
    server_.handle(running->next().value()->body);
    running->on_lost();
  }
  const PushResult result = push().value();
  EXPECT_EQ(result.requests, 1) << "the row is read, and tells that the batch has arrived";
  EXPECT_EQ(at_server("SELECT count(*) FROM n"), Value(1));
  EXPECT_EQ(meta().pushed_through, recorder_.last_change_id());
}

TEST_F(PushTest, ABatchThatNeverArrivedIsSentAgain) {
  local({"CREATE TABLE n(a)", "INSERT INTO n VALUES('once')"});
  {
    auto running = session();
    ASSERT_TRUE(running->next().value().has_value());
    running->on_lost();
  }
  EXPECT_EQ(push().value().requests, 2);
  EXPECT_EQ(at_server("SELECT count(*) FROM n"), Value(1));
}

TEST_F(PushTest, ARequestThatArrivesLateFindsTheDoorShut) {
  local({"CREATE TABLE n(a)"});
  ASSERT_TRUE(push().has_value());
  local({"INSERT INTO n VALUES('b1')"});
  std::string late;
  {
    auto running = session();
    late = running->next().value()->body;
    running->on_lost();
  }
  ASSERT_TRUE(push().has_value());
  local({"INSERT INTO n VALUES('b2')"});
  ASSERT_TRUE(push().has_value());
  server_.handle(late);
  EXPECT_EQ(at_server("SELECT group_concat(a) FROM n"), Value("b1,b2"));
  local({"INSERT INTO n VALUES('b3')"});
  ASSERT_TRUE(push().has_value());
  EXPECT_EQ(at_server("SELECT group_concat(a) FROM n"), Value("b1,b2,b3"));
}

TEST_F(PushTest, ALateRequestThatWinsIsRecognised) {
  local({"CREATE TABLE n(a)"});
  ASSERT_TRUE(push().has_value());
  local({"INSERT INTO n VALUES('b1')"});
  std::string late;
  {
    auto running = session();
    late = running->next().value()->body;
    running->on_lost();
  }
  auto running = session();
  ASSERT_TRUE(running->on_answer(server_.handle(running->next().value()->body)).has_value()) << "the row is what it was";
  std::string again = running->next().value()->body;
  server_.handle(late);
  ASSERT_TRUE(running->on_answer(server_.handle(again)).has_value()) << "the compare fails: read the row";
  ASSERT_TRUE(running->on_answer(server_.handle(running->next().value()->body)).has_value());
  EXPECT_FALSE(running->next().value().has_value());
  EXPECT_EQ(at_server("SELECT count(*) FROM n"), Value(1));
}

TEST_F(PushTest, ACopyOfTheFileIsFound) {
  local({"CREATE TABLE n(a)"});
  ASSERT_TRUE(push().has_value());
  ASSERT_TRUE(recorder_.connection().run("VACUUM INTO ?1", dir_.path("copy.db")).has_value());
  local({"INSERT INTO n VALUES('original')"});
  ASSERT_TRUE(push().has_value());

  test::Recorder copy(dir_.path("copy.db"));
  ASSERT_TRUE(copy.exec("INSERT INTO n VALUES('copy')").has_value());
  const std::string client = meta().client_id;
  auto running = PushSession::begin(sqlite::Connection::open(dir_.path("copy.db"), {}).value(), {}).value();
  ASSERT_TRUE(running->on_answer(server_.handle(running->next().value()->body)).has_value());
  Status verdict = running->on_answer(server_.handle(running->next().value()->body));
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(verdict.error().condition, "replica_forked");
  EXPECT_EQ(running->next().error().condition, "replica_forked") << "the same error for ever";

  const Meta after = load_meta(copy.connection()).value().value();
  EXPECT_NE(after.client_id, client);
  EXPECT_EQ(after.former.at(0).client_id, client);
  EXPECT_TRUE(after.fork_pending);
  auto next = PushSession::begin(sqlite::Connection::open(dir_.path("copy.db"), {}).value(), {});
  EXPECT_EQ(next.error().condition, "replica_forked") << "nothing is pushed before an apply";
  EXPECT_EQ(at_server("SELECT group_concat(a) FROM n"), Value("original"));
}

TEST_F(PushTest, ARestoredRemoteIsFound) {
  local({"CREATE TABLE n(a)"});
  ASSERT_TRUE(push().has_value());
  remote("DELETE FROM turso_sync_last_change_id");
  local({"INSERT INTO n VALUES(1)"});
  EXPECT_EQ(push().error().condition, "remote_went_back");
  EXPECT_EQ(at_server("SELECT count(*) FROM n"), Value(0));
}

TEST_F(PushTest, ARemoteThatLostAckedTableGoesBackToTheFirstPushFormOnlyIfWeHaveNoRow) {
  ASSERT_TRUE(set_fact(recorder_.connection(), cdc::meta::kAckTableKnown, Value(1)).has_value());
  local({"CREATE TABLE n(a)"});
  const PushResult result = push().value();
  EXPECT_EQ(result.requests, 2);
  EXPECT_EQ(at_server("SELECT count(*) FROM turso_sync_last_change_id"), Value(1));
}

TEST_F(PushTest, HeaderFieldsGoAlongOnce) {
  local({"CREATE TABLE n(a)"});
  ASSERT_TRUE(recorder_.connection().exec("PRAGMA user_version = 5; PRAGMA application_id = -3").has_value());
  EXPECT_EQ(push().value().requests, 1);
  EXPECT_EQ(at_server("PRAGMA user_version"), Value(5));
  EXPECT_EQ(at_server("PRAGMA application_id"), Value(-3));
  EXPECT_EQ(push().value().requests, 0);
  ASSERT_TRUE(recorder_.connection().exec("PRAGMA user_version = 0").has_value());
  EXPECT_EQ(push().value().requests, 1) << "alone, and back to what it was";
  EXPECT_EQ(at_server("PRAGMA user_version"), Value(0));
  EXPECT_EQ(meta().known_row->change_id, recorder_.last_change_id());
}

TEST_F(PushTest, AnAnswerThatSaysNothingLeavesTheBatchInDoubt) {
  local({"CREATE TABLE n(a)"});
  for (const char* answer : {"", "<html>", "{}", R"({"results":[]})", R"({"results":[{"type":"ok","response":{"type":"batch","result":{"step_results":[],"step_errors":[]}}}]})",
                             R"({"results":[{"type":"error","error":{"message":"boom","code":"X"}}]})"}) {
    auto running = session();
    auto request = running->next().value();
    if (running->result().requests == 1 && meta().batches.size() > 1) {
      ASSERT_TRUE(running->on_answer(server_.handle(request->body)).has_value()) << "the row is read first";
      request = running->next().value();
    }
    ASSERT_FALSE(running->on_answer(answer).has_value()) << answer;
    EXPECT_TRUE(meta().has_batch_in_doubt());
  }
  ASSERT_TRUE(push().has_value());
  EXPECT_EQ(at_server("SELECT count(*) FROM sqlite_schema WHERE name = 'n'"), Value(1));
}

TEST_F(PushTest, ABusyServerIsRetryable) {
  local({"CREATE TABLE n(a)"});
  auto other = sqlite::Connection::open(dir_.path("server.db"), {}).value();
  ASSERT_TRUE(other.exec("BEGIN IMMEDIATE").has_value());
  Result<PushResult> result = push();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kBusy);
  EXPECT_EQ(result.error().subject, nullptr) << "no change is to blame";
  ASSERT_TRUE(other.exec("ROLLBACK").has_value());
  EXPECT_TRUE(push().has_value());
}

TEST_F(PushTest, TablesWithTriggersAreNotUpserted) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "CREATE TABLE seen(id INTEGER PRIMARY KEY, what TEXT)",
         "CREATE TRIGGER gi AFTER INSERT ON t BEGIN INSERT INTO seen(what) VALUES('insert'); END",
         "CREATE TRIGGER gu AFTER UPDATE ON t BEGIN INSERT INTO seen(what) VALUES('update'); END"});
  ASSERT_TRUE(push().has_value());
  remote("INSERT INTO t VALUES(2, 'theirs'); DELETE FROM seen");
  local({"INSERT INTO t VALUES(1, 'a')"});
  local({"INSERT INTO t VALUES(2, 'b')"});
  Result<PushResult> result = push();
  ASSERT_TRUE(result.has_value()) << result.error().message;
  expect_same("t");
}

TEST_F(PushTest, WhatATriggerWroteIsWrittenOnceAtTheServer) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "CREATE TABLE audit(what)",
         "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO audit VALUES('saw ' || new.v); END"});
  local({"INSERT INTO t VALUES(1, 'a')"});
  ASSERT_TRUE(push().has_value());
  EXPECT_EQ(at_server("SELECT count(*) FROM audit"), Value(1));
  local({"INSERT INTO t VALUES(2, 'b')"});
  ASSERT_TRUE(push().has_value());
  expect_same("audit");
}

TEST_F(PushTest, WhatATriggerWroteIsSentWhereTheServerHasAnotherTrigger) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "CREATE TABLE audit(what)",
         "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO audit VALUES('saw ' || new.v); END"});
  ASSERT_TRUE(push().has_value());
  remote("DROP TRIGGER g");
  local({"INSERT INTO t VALUES(2, 'b')"});
  ASSERT_TRUE(push().has_value());
  expect_same("audit");
}

TEST_F(PushTest, APlainFileIsNoReplica) {
  auto plain = sqlite::Connection::open(dir_.path("plain.db"), {}).value();
  EXPECT_EQ(PushSession::begin(std::move(plain), {}).error().kind, ErrorKind::kMisuse);
}

}  // namespace
}  // namespace turso::sync
