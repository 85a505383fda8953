// Refused changes, lost, late and doubled requests, copies of the file, restored remotes.
#include "unit/sync/push_fixture.hpp"

namespace turso::sync {
namespace {

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
  EXPECT_EQ(here("SELECT id FROM turso_cdc WHERE change_id = " + std::to_string(result.error().subject->change_id)),
            Value(3));
  EXPECT_EQ(at_server("SELECT group_concat(id) FROM t"), Value("1,50")) << "whole or not at all";
  remote("DELETE FROM t WHERE id = 50");
  ASSERT_TRUE(push().has_value());
  expect_same("t");
}

TEST_F(PushTest, ConsecutiveInsertsAreOneStepAndARefusedOneIsStillNamed) {
  local({"CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE, v)"});
  ASSERT_TRUE(push().has_value());
  std::vector<std::string> inserts;
  for (int i = 1; i <= 250; ++i)
    inserts.push_back("INSERT INTO t VALUES(" + std::to_string(i) + ", 'u" + std::to_string(i) + "', 9e999)");
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
  local({"INSERT INTO t VALUES(1, 'first')", "INSERT INTO n VALUES(1)", "DELETE FROM t WHERE id = 1",
         "INSERT INTO t VALUES(1, 'second')", "INSERT INTO t VALUES(2, 'x')", "INSERT INTO n VALUES(2), (3), ('\xff')",
         "UPDATE t SET v = 'third' WHERE id = 1"});
  ASSERT_TRUE(push().has_value());
  expect_same("t");
  expect_same("n");
}

TEST_F(PushTest, ADeferredForeignKeyIsNamedByItsTransaction) {
  remote("PRAGMA foreign_keys = ON");
  local({"CREATE TABLE p(id INTEGER PRIMARY KEY)",
         "CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)"});
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
  ASSERT_TRUE(running->on_answer(server_.handle(running->next().value()->body)).has_value())
      << "the row is what it was";
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
  for (const char* answer :
       {"", "<html>", "{}", R"({"results":[]})",
        R"({"results":[{"type":"ok","response":{"type":"batch","result":{"step_results":[],"step_errors":[]}}}]})",
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
