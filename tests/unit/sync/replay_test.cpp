#include "sync/replay.hpp"

#include <gtest/gtest.h>

#include "support/replica_model.hpp"
#include "support/temp_dir.hpp"

namespace turso::sync {
namespace {

class ReplayTest : public testing::Test {
 protected:
  ReplayTest() : server_(dir_.path("server.db")) {}

  // Both replicas and the server begin with this schema and these rows.
  void begin_with(const std::string& sql) {
    remote(sql);
    laptop_ = std::make_unique<test::ReplicaModel>(dir_.path("laptop.db"), server_);
    phone_ = std::make_unique<test::ReplicaModel>(dir_.path("phone.db"), server_);
  }

  void remote(const std::string& sql) {
    Status status = server_.connection().exec(sql);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  void local(const std::vector<std::string>& statements) {
    Status status = laptop_->local(statements);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  ReplayResult pull(ReplayOptions options = {}) {
    auto result = laptop_->pull(server_, std::move(options));
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result.has_value() ? *result : ReplayResult{};
  }
  void push() {
    auto result = laptop_->push(server_);
    ASSERT_TRUE(result.has_value()) << result.error().message;
  }
  Value here(const std::string& sql) { return laptop_->db().query_value(sql).value(); }
  Value at_server(const std::string& sql) { return server_.connection().query_value(sql).value(); }

  test::TempDir dir_;
  test::ScriptedServer server_;
  std::unique_ptr<test::ReplicaModel> laptop_;
  std::unique_ptr<test::ReplicaModel> phone_;
};

TEST_F(ReplayTest, PendingChangesComeOnTopOfTheRemote) {
  begin_with(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES(1, 'a', 'b'), (2, 'a', 'b'), (3, 'a', 'b'), "
      "(4, 'a', 'b')");
  local({"INSERT INTO t VALUES(10, 'mine', 'mine')", "UPDATE t SET a = 'mine' WHERE id = 1",
         "DELETE FROM t WHERE id = 2", "UPDATE t SET a = 'mine' WHERE id = 4"});
  remote(
      "INSERT INTO t VALUES(11, 'theirs', 'theirs'); UPDATE t SET b = 'theirs' WHERE id = 1; DELETE FROM t WHERE id = "
      "4");
  const ReplayResult result = pull();
  EXPECT_EQ(result.replayed_transactions, 1);
  EXPECT_EQ(result.replayed_changes, 4);
  EXPECT_EQ(here("SELECT group_concat(id || a || b, ' ') FROM (SELECT * FROM t ORDER BY id)"),
            Value("1minetheirs 3ab 10minemine 11theirstheirs"));
  EXPECT_EQ(laptop_->meta().revision.has_value(), true);
  push();
  EXPECT_EQ(test::dump(laptop_->db()), test::dump(server_.connection()));
}

TEST_F(ReplayTest, AnInsertOfATakenKeyWinsLocally) {
  begin_with("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  local({"INSERT INTO t VALUES(1, 'mine')"});
  remote("INSERT INTO t VALUES(1, 'theirs')");
  pull();
  EXPECT_EQ(here("SELECT v FROM t"), Value("mine"));
}

TEST_F(ReplayTest, TheLogKeepsItsRowsAsTheyWere) {
  begin_with("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  local({"INSERT INTO t VALUES(1, 'a')"});
  const std::string sql =
      "SELECT "
      "group_concat(quote(change_id)||quote(change_time)||quote(change_txn_id)||quote(change_type)||quote(table_name)||"
      "quote(id)||quote(before)||quote(after)||quote(updates)) FROM turso_cdc";
  const Value before = here(sql);
  pull();
  pull();
  EXPECT_EQ(here(sql), before);
  EXPECT_EQ(here("SELECT count(*) FROM sqlite_sequence WHERE name = 'turso_cdc'"), Value(1));
  EXPECT_EQ(here("SELECT seq FROM sqlite_sequence WHERE name = 'turso_cdc'"),
            Value(laptop_->recorder().last_change_id()));
}

TEST_F(ReplayTest, AcknowledgedRowsAreTrimmedAndNeverReplayed) {
  begin_with("CREATE TABLE n(a)");
  local({"INSERT INTO n VALUES('pushed')"});
  push();
  local({"INSERT INTO n VALUES('pending')"});
  EXPECT_EQ(here("SELECT count(*) FROM turso_cdc"), Value(4)) << "a push alone trims nothing";
  const ReplayResult result = pull();
  EXPECT_EQ(result.floor, 2);
  EXPECT_EQ(here("SELECT group_concat(a) FROM n"), Value("pushed,pending"));
  EXPECT_EQ(here("SELECT min(change_id) FROM turso_cdc"), Value(3));
  EXPECT_EQ(laptop_->meta().acked, 2);
  push();
  pull();
  EXPECT_EQ(here("SELECT count(*) FROM turso_cdc"), Value(0));
  EXPECT_EQ(here("SELECT seq FROM sqlite_sequence WHERE name = 'turso_cdc'"), Value(4)) << "ids go on above";
  local({"INSERT INTO n VALUES('later')"});
  EXPECT_EQ(here("SELECT min(change_id) FROM turso_cdc"), Value(5));
  EXPECT_EQ(test::dump(server_.connection()).find("later"), std::string::npos);
}

TEST_F(ReplayTest, PagesFromBeforeAPushKeepItsRowsPendingHereButUnsent) {
  begin_with("CREATE TABLE n(a)");
  local({"INSERT INTO n VALUES('x')"});
  const std::string old_pages = laptop_->download(server_);
  push();
  auto result = laptop_->apply(old_pages);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->floor, 0);
  EXPECT_EQ(here("SELECT group_concat(a) FROM n"), Value("x")) << "replayed, because these pages do not hold it";
  EXPECT_EQ(laptop_->push(server_).value().requests, 0) << "and not sent again";
  pull();
  EXPECT_EQ(here("SELECT group_concat(a) FROM n"), Value("x"));
  EXPECT_EQ(here("SELECT count(*) FROM turso_cdc"), Value(0));
}

TEST_F(ReplayTest, LoneCommitRecordsGoWithWhatIsAcknowledged) {
  begin_with("CREATE TABLE n(a)");
  local({"INSERT INTO n VALUES('x')"});
  laptop_->recorder().lone_commit();
  push();
  pull();
  EXPECT_EQ(here("SELECT count(*) FROM turso_cdc"), Value(0));
  laptop_->recorder().lone_commit();
  EXPECT_EQ(here("SELECT min(change_id) FROM turso_cdc"), Value(4));
}

TEST_F(ReplayTest, ARejectedTransactionEndsThePullAndNamesTheChange) {
  begin_with("CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE)");
  local({"INSERT INTO t VALUES(1, 'a')"});
  local({"INSERT INTO t VALUES(2, 'taken')"});
  remote("INSERT INTO t VALUES(9, 'taken')");
  const std::string before = test::dump(laptop_->db());
  auto result = laptop_->pull(server_);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kConflict);
  ASSERT_NE(result.error().subject, nullptr);
  EXPECT_EQ(result.error().subject->table, "t");
  EXPECT_EQ(result.error().subject->key, "2");
  EXPECT_EQ(result.error().subject->constraint, "UNIQUE constraint failed: t.u");
  EXPECT_EQ(result.error().subject->change_id, 3);
  EXPECT_EQ(result.error().condition, "");
  EXPECT_EQ(test::dump(laptop_->db()), before);
  remote("DELETE FROM t WHERE id = 9");
  pull();
}

TEST_F(ReplayTest, AFailedReadIsNeverTakenForARejectedChange) {
  begin_with("CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE)");
  local({"INSERT INTO t VALUES(2, 'taken')"});
  remote("INSERT INTO t VALUES(9, 'taken')");
  auto result = laptop_->pull(server_, {.sticky_error = [] {
                                return Status(Error{ErrorKind::kCorrupt, "page 7 is damaged"});
                              }});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(result.error().message, "page 7 is damaged");
}

TEST_F(ReplayTest, ForeignKeysAreCheckedAtTheEndOfEachTransaction) {
  begin_with(
      "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id)); INSERT INTO "
      "p VALUES(1)");
  local({"INSERT INTO c VALUES(10, 5)", "INSERT INTO p VALUES(5)"});
  local({"INSERT INTO c VALUES(11, 1)"});
  remote("DELETE FROM p WHERE id = 1");
  auto result = laptop_->pull(server_);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(result.error().subject->table, "c");
  EXPECT_EQ(result.error().subject->key, "11");
  EXPECT_EQ(result.error().subject->constraint, "FOREIGN KEY constraint failed: c refers to p");
}

TEST_F(ReplayTest, ASchemaChangeThatFailsHasAConditionOfItsOwn) {
  begin_with("CREATE TABLE t(a INTEGER PRIMARY KEY)");
  local({"ALTER TABLE t RENAME TO mine"});
  remote("CREATE TABLE mine(x)");
  auto result = laptop_->pull(server_);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(result.error().condition, "conflict_in_schema_change");
}

TEST_F(ReplayTest, EveryKindOfSchemaChangeIsReplayed) {
  begin_with("CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES(1, 'one'); CREATE TABLE audit(x)");
  local({"CREATE TABLE fresh(k TEXT PRIMARY KEY, v) WITHOUT ROWID", "INSERT INTO fresh VALUES('k', 1)",
         "CREATE INDEX i ON t(b)", "CREATE VIEW v AS SELECT b FROM t"});
  local(
      {"INSERT INTO t VALUES(2, 'two')", "ALTER TABLE t RENAME COLUMN b TO c", "UPDATE t SET c = 'zwei' WHERE a = 2"});
  local(
      {"ALTER TABLE t RENAME TO t2", "ALTER TABLE t2 ADD COLUMN d DEFAULT 7", "INSERT INTO t2 VALUES(3, 'three', 3)"});
  local({"CREATE TRIGGER g AFTER DELETE ON t2 BEGIN INSERT INTO audit VALUES(old.c); END"});
  local({"DROP INDEX i", "CREATE TABLE gone(a)", "INSERT INTO gone VALUES(1)", "DROP TABLE gone"});
  remote("INSERT INTO t VALUES(50, 'theirs')");
  const std::string expected_objects = "audit fresh g t2 v";
  for (int i = 0; i < 2; ++i) {
    pull();
    EXPECT_EQ(here("SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE name NOT LIKE 'turso%' "
                   "AND name NOT LIKE 'sqlite%' ORDER BY name)"),
              Value(expected_objects));
    EXPECT_EQ(here("SELECT group_concat(a || c || d, ' ') FROM (SELECT * FROM t2 ORDER BY a)"),
              Value("1one7 2zwei7 3three3 50theirs7"));
  }
  push();
  EXPECT_EQ(test::dump(laptop_->db()), test::dump(server_.connection()));
}

TEST_F(ReplayTest, AColumnThatBothSidesAddedIsAddedOnce) {
  begin_with("CREATE TABLE t(a INTEGER PRIMARY KEY)");
  local({"ALTER TABLE t ADD COLUMN extra", "INSERT INTO t VALUES(1, 'mine')"});
  remote("ALTER TABLE t ADD COLUMN EXTRA; INSERT INTO t VALUES(2, 'theirs')");
  pull();
  EXPECT_EQ(here("SELECT group_concat(extra) FROM (SELECT extra FROM t ORDER BY a)"), Value("mine,theirs"));
}

TEST_F(ReplayTest, OldRecordsAreReadWithTheColumnsOfTheirTime) {
  begin_with("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
  local({"INSERT INTO t VALUES(1, 'b')"});
  remote("ALTER TABLE t ADD COLUMN c DEFAULT 'c'");
  pull();
  EXPECT_EQ(here("SELECT count(*) FROM turso_cdc_schema"), Value(2)) << "the list from before the pull is kept";
  local({"UPDATE t SET c = 'changed' WHERE a = 1"});
  remote("ALTER TABLE t ADD COLUMN d DEFAULT 'd'");
  pull();
  EXPECT_EQ(here("SELECT b || c || d FROM t"), Value("bchangedd"));
  push();
  EXPECT_EQ(test::dump(laptop_->db()), test::dump(server_.connection()));
  pull();
  EXPECT_EQ(here("SELECT count(*) FROM turso_cdc_schema"), Value(0)) << "no row of the log needs them";
}

TEST_F(ReplayTest, KeylessRowsAreFoundThroughManyPulls) {
  begin_with("CREATE TABLE n(a, b); INSERT INTO n VALUES('remote', 1)");
  local({"INSERT INTO n VALUES('x', 1)"});
  local({"INSERT INTO n VALUES('y', 1)"});
  remote("INSERT INTO n VALUES('theirs', 1)");
  pull();
  // The rows have other rowids now than when their inserts were captured.
  local({"UPDATE n SET b = 2 WHERE a = 'x'"});
  remote("INSERT INTO n VALUES('theirs too', 1)");
  pull();
  local({"UPDATE n SET b = 3 WHERE a = 'y'", "DELETE FROM n WHERE a = 'remote'"});
  remote("INSERT INTO n VALUES('theirs again', 1)");
  pull();
  pull();
  EXPECT_EQ(here("SELECT group_concat(a || b, ' ') FROM (SELECT * FROM n ORDER BY a)"),
            Value("theirs1 theirs again1 theirs too1 x2 y3"));
  push();
  EXPECT_EQ(test::dump(laptop_->db()), test::dump(server_.connection()));
}

TEST_F(ReplayTest, WhatATriggerWroteIsWrittenOnce) {
  begin_with(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, v); CREATE TABLE audit(what); "
      "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO audit VALUES('saw ' || new.v); END");
  local({"INSERT INTO t VALUES(1, 'a')"});
  remote("INSERT INTO t VALUES(2, 'b')");
  pull();
  EXPECT_EQ(here("SELECT count(*) FROM audit"), Value(2));
  local({"CREATE TABLE more(what)", "CREATE TRIGGER h AFTER INSERT ON t BEGIN INSERT INTO more VALUES(new.v); END"});
  local({"INSERT INTO t VALUES(3, 'c')"});
  pull();
  EXPECT_EQ(here("SELECT count(*) FROM audit"), Value(3));
  EXPECT_EQ(here("SELECT count(*) FROM more"), Value(1));
  push();
  EXPECT_EQ(test::dump(laptop_->db()), test::dump(server_.connection()));
}

TEST_F(ReplayTest, WhatATriggerWroteIsKeptWhereTheTriggerIsGone) {
  begin_with(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, v); CREATE TABLE audit(what); "
      "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO audit VALUES('saw ' || new.v); END");
  local({"INSERT INTO t VALUES(1, 'a')"});
  remote("DROP TRIGGER g");
  pull();
  EXPECT_EQ(here("SELECT count(*) FROM audit"), Value(1));
}

TEST_F(ReplayTest, ObjectsWithOurNamesAreDroppedFromTheImageAndReported) {
  begin_with("CREATE TABLE t(id INTEGER PRIMARY KEY)");
  remote(
      "CREATE TABLE turso_cdc(x); INSERT INTO turso_cdc VALUES('foreign'); CREATE TABLE Turso_Sync_Meta(key, value); "
      "CREATE VIEW turso_cdc_held AS SELECT 1; "
      "CREATE INDEX turso_cdc_schema ON t(id); CREATE TABLE turso_cdc2(mine); INSERT INTO turso_cdc2 VALUES('stays')");
  local({"INSERT INTO t VALUES(1)"});
  const ReplayResult result = pull();
  EXPECT_EQ(result.dropped_objects, (std::vector<std::string>{"table turso_cdc", "table Turso_Sync_Meta",
                                                              "view turso_cdc_held", "index turso_cdc_schema"}));
  EXPECT_EQ(here("SELECT count(*) FROM turso_cdc"), Value(2));
  EXPECT_EQ(here("SELECT mine FROM turso_cdc2"), Value("stays"));
  EXPECT_EQ(here("SELECT count(*) FROM sqlite_sequence WHERE name = 'turso_cdc'"), Value(1));
}

TEST_F(ReplayTest, ParkedTransactionsVerdictsAndUnknownFactsAreCopied) {
  begin_with("CREATE TABLE t(id INTEGER PRIMARY KEY)");
  local({"INSERT INTO t VALUES(1)"});
  ASSERT_TRUE(laptop_->db()
                  .exec("CREATE TABLE turso_cdc_held(change_id, why); INSERT INTO turso_cdc_held VALUES(1, 'parked'); "
                        "CREATE TABLE turso_cdc_conflict(id INTEGER PRIMARY KEY, verdict); INSERT INTO "
                        "turso_cdc_conflict VALUES(5, 'lost'); "
                        "CREATE INDEX turso_cdc_conflict_by_verdict ON turso_cdc_conflict(verdict); "
                        "INSERT INTO turso_sync_meta VALUES('tomorrow', 'kept')")
                  .has_value());
  pull();
  EXPECT_EQ(here("SELECT why FROM turso_cdc_held"), Value("parked"));
  EXPECT_EQ(here("SELECT verdict FROM turso_cdc_conflict WHERE id = 5"), Value("lost"));
  EXPECT_EQ(here("SELECT count(*) FROM sqlite_schema WHERE name = 'turso_cdc_conflict_by_verdict'"), Value(1));
  EXPECT_EQ(here("SELECT value FROM turso_sync_meta WHERE key = 'tomorrow'"), Value("kept"));
  EXPECT_EQ(here("SELECT version FROM turso_cdc_version"), Value("v2"));
}

TEST_F(ReplayTest, HeaderFieldsAreMergedThreeWays) {
  begin_with("CREATE TABLE t(a); PRAGMA user_version = 1; PRAGMA application_id = 1");
  remote("PRAGMA application_id = 2");
  ASSERT_TRUE(laptop_->db().exec("PRAGMA user_version = 7").has_value());
  pull();
  EXPECT_EQ(here("PRAGMA user_version"), Value(7)) << "changed here";
  EXPECT_EQ(here("PRAGMA application_id"), Value(2)) << "changed there";
  push();
  EXPECT_EQ(at_server("PRAGMA user_version"), Value(7));
  remote("PRAGMA user_version = 8");
  pull();
  EXPECT_EQ(here("PRAGMA user_version"), Value(8)) << "ours had arrived and was changed there since";
  EXPECT_EQ(laptop_->push(server_).value().requests, 0);
}

TEST_F(ReplayTest, PagesFromBeforeAPushDoNotUndoAHeaderField) {
  begin_with("CREATE TABLE t(a)");
  local({"INSERT INTO t VALUES(1)"});
  ASSERT_TRUE(laptop_->db().exec("PRAGMA user_version = 7").has_value());
  const std::string old_pages = laptop_->download(server_);
  push();
  ASSERT_TRUE(laptop_->apply(old_pages).has_value());
  EXPECT_EQ(here("PRAGMA user_version"), Value(7));
  pull();
  EXPECT_EQ(here("PRAGMA user_version"), Value(7));
  EXPECT_EQ(laptop_->push(server_).value().requests, 0);
}

TEST_F(ReplayTest, ManyChangesAreCommittedInPieces) {
  begin_with("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  for (int i = 0; i < 25; ++i) {
    local({"INSERT INTO t SELECT value, 'v' FROM (WITH RECURSIVE s(value) AS (SELECT " + std::to_string(i * 100) +
           " UNION ALL SELECT value + 1 FROM s WHERE value < " + std::to_string(i * 100 + 99) +
           ") SELECT value FROM s)"});
  }
  const ReplayResult result = pull();
  EXPECT_EQ(result.replayed_changes, 2500);
  EXPECT_EQ(result.replayed_transactions, 25);
  EXPECT_EQ(here("SELECT count(*) FROM t"), Value(2500));
}

TEST_F(ReplayTest, ALostAnswerIsSettledByThePages) {
  begin_with("CREATE TABLE n(a)");
  local({"INSERT INTO n VALUES('x')"});
  {
    auto session = laptop_->push_session().value();
    server_.handle(session->next().value()->body);
    session->on_lost();
  }
  EXPECT_TRUE(laptop_->meta().has_batch_in_doubt());
  pull();
  EXPECT_FALSE(laptop_->meta().has_batch_in_doubt());
  EXPECT_EQ(here("SELECT count(*) FROM n"), Value(1));
  EXPECT_EQ(laptop_->push(server_).value().requests, 0);
  local({"INSERT INTO n VALUES('y')"});
  EXPECT_EQ(laptop_->push(server_).value().requests, 1) << "the pages told the row";
}

TEST_F(ReplayTest, ARestoredFileTakesANewIdBeforeAnythingIsTrimmed) {
  begin_with("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  local({"INSERT INTO t VALUES(1, 'pushed')"});
  push();
  local({"INSERT INTO t VALUES(2, 'in the backup')"});
  laptop_->save_copy(dir_.path("backup.db"));
  local({"UPDATE t SET v = 'newer' WHERE id = 1"});
  push();
  const std::string client = laptop_->meta().client_id;
  laptop_->restore(dir_.path("backup.db"));

  const ReplayResult result = pull();
  EXPECT_TRUE(result.replica_forked);
  const Meta meta = laptop_->meta();
  EXPECT_NE(meta.client_id, client);
  EXPECT_FALSE(meta.fork_pending) << "this was the apply it waits for";
  EXPECT_EQ(meta.pushed_through, 4) << "the pending insert stands in the pages already";
  EXPECT_EQ(laptop_->push(server_).value().changes_sent, 0);
  EXPECT_EQ(here("SELECT group_concat(v, ', ') FROM (SELECT v FROM t ORDER BY id)"), Value("newer, in the backup"));
  local({"INSERT INTO t VALUES(3, 'after')"});
  push();
  pull();
  EXPECT_EQ(test::dump(laptop_->db()), test::dump(server_.connection()));
  EXPECT_EQ(here("SELECT count(*) FROM turso_cdc"), Value(0));
}

TEST_F(ReplayTest, ACopyThatPushedIsRecoveredByPullThenPush) {
  begin_with("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  local({"INSERT INTO t VALUES(1, 'common')"});
  laptop_->save_copy(dir_.path("copy.db"));
  test::ReplicaModel copy(dir_.path("copy.db"));
  push();
  ASSERT_TRUE(copy.local({"INSERT INTO t VALUES(2, 'copy')"}).has_value());
  EXPECT_EQ(copy.push(server_).error().condition, "replica_forked");
  ASSERT_TRUE(copy.pull(server_).has_value());
  auto pushed = copy.push(server_);
  ASSERT_TRUE(pushed.has_value()) << pushed.error().message;
  EXPECT_EQ(pushed->changes_sent, 1) << "the common row has converged";
  pull();
  EXPECT_EQ(test::dump(laptop_->db()), test::dump(server_.connection()));
  EXPECT_EQ(at_server("SELECT group_concat(v) FROM t"), Value("common,copy"));
}

TEST_F(ReplayTest, ARemoteThatWentBackIsRefusedUntilAccepted) {
  begin_with("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  local({"INSERT INTO t VALUES(1, 'first')"});
  push();
  test::copy_database(server_.connection(), dir_.path("server-backup.db"));
  local({"INSERT INTO t VALUES(2, 'second')"});
  push();
  pull();
  local({"INSERT INTO t VALUES(3, 'third')"});

  test::ScriptedServer restored(dir_.path("server-backup.db"));
  auto refused = laptop_->pull(restored);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().condition, "remote_went_back");
  EXPECT_EQ(here("SELECT count(*) FROM t"), Value(3)) << "untouched";
  EXPECT_EQ(laptop_->push(restored).error().condition, "remote_went_back");

  auto accepted = laptop_->pull(restored, {.sticky_error = {}, .accept_went_back = true});
  ASSERT_TRUE(accepted.has_value()) << accepted.error().message;
  EXPECT_TRUE(accepted->remote_went_back);
  EXPECT_EQ(here("SELECT group_concat(v) FROM t"), Value("first,third"))
      << "the trimmed row is gone, the pending one is not";
  ASSERT_TRUE(laptop_->push(restored).has_value());
  EXPECT_EQ(test::dump(laptop_->db()), test::dump(restored.connection()));
}

TEST_F(ReplayTest, WhatARestoredRemoteLostIsSentAgainWhileTheLogHasIt) {
  begin_with("CREATE TABLE n(a)");
  local({"INSERT INTO n VALUES('first')"});
  push();
  pull();
  test::copy_database(server_.connection(), dir_.path("server-backup.db"));
  local({"INSERT INTO n VALUES('second')"});
  push();
  test::ScriptedServer restored(dir_.path("server-backup.db"));
  local({"INSERT INTO n VALUES('third')"});
  auto pushed = laptop_->push(restored);
  ASSERT_TRUE(pushed.has_value()) << pushed.error().message;
  EXPECT_EQ(restored.connection().query_value("SELECT group_concat(a) FROM n").value(), Value("first,second,third"));
}

}  // namespace
}  // namespace turso::sync
