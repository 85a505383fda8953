// SQL over HTTP: what batches do with conditions, errors and what was left open.
#include "server_fixture.hpp"

namespace turso::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using wire::Condition;
using wire::Step;

Step step(const std::string& sql, std::optional<Condition> condition = std::nullopt) {
  return {std::move(condition), {sql, {}, {}, true}};
}
Condition in_transaction() { return Condition::negate(Condition::is_autocommit()); }

class Pipeline : public ServerTest {
 protected:
  void SetUp() override {
    start();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT UNIQUE)");
  }
  std::int64_t count(const std::string& table = "t") {
    return run("SELECT count(*) FROM " + table).rows.at(0).at(0).integer();
  }
};

TEST_F(Pipeline, AnswersColumnsRowsAndCounts) {
  auto inserted = execute({"INSERT INTO t(v) VALUES(?), (?)", {Value("a"), Value("b")}, {}, true});
  auto& result = std::get<wire::StatementResult>(inserted);
  EXPECT_EQ(result.affected_row_count, 2);
  EXPECT_EQ(result.last_insert_rowid, 2);
  auto rows = run("SELECT id, v, 1.5, x'00ff', NULL FROM t ORDER BY id");
  ASSERT_THAT(rows.rows, SizeIs(2));
  EXPECT_EQ(rows.columns[0].name, "id");
  EXPECT_EQ(rows.columns[0].decltype_text, "INTEGER");
  EXPECT_EQ(rows.columns[2].decltype_text, std::nullopt);
  EXPECT_EQ(rows.rows[1], (std::vector<Value>{Value(2), Value("b"), Value(1.5), Value(Bytes{0, 255}), Value()}));
  EXPECT_EQ(rows.affected_row_count, 0);
  EXPECT_EQ(rows.last_insert_rowid, std::nullopt);
}

TEST_F(Pipeline, NamedArgumentsAreTakenWithAndWithoutPrefix) {
  auto result = execute({"SELECT :a, @b, $c", {}, {{"a", Value(1)}, {"@b", Value(2)}, {"c", Value(3)}}, true});
  EXPECT_EQ(std::get<wire::StatementResult>(result).rows.at(0), (std::vector<Value>{Value(1), Value(2), Value(3)}));
}

TEST_F(Pipeline, ArgumentsThatDoNotFitAreABindError) {
  auto many = execute({"SELECT ?", {Value(1), Value(2)}, {}, true});
  EXPECT_EQ(std::get<wire::SqlError>(many).code, "BIND_ERROR");
  auto unknown = execute({"SELECT :a", {}, {{"b", Value(1)}}, true});
  EXPECT_EQ(std::get<wire::SqlError>(unknown).code, "BIND_ERROR");
}

TEST_F(Pipeline, RowsAreLeftOutWhenNobodyWantsThem) {
  auto result = execute({"INSERT INTO t(v) VALUES('a') RETURNING id", {}, {}, false});
  EXPECT_THAT(std::get<wire::StatementResult>(result).rows, IsEmpty());
  EXPECT_EQ(count(), 1);
}

TEST_F(Pipeline, ErrorsHaveSQLitesTextAndTheReferencesCodes) {
  EXPECT_EQ(fail("SELECT * FROM nowhere").message, "no such table: nowhere");
  EXPECT_EQ(fail("SELECT * FROM nowhere").code, "PREPARE_ERROR");
  run("INSERT INTO t(v) VALUES('a')");
  auto unique = fail("INSERT INTO t(v) VALUES('a')");
  EXPECT_EQ(unique.message, "UNIQUE constraint failed: t.v");
  EXPECT_EQ(unique.code, "EXECUTE_ERROR");
  EXPECT_EQ(fail(" -- nothing\n").code, "NO_SQL");
  EXPECT_EQ(fail("SELECT 1; SELECT 2").code, "PREPARE_ERROR");
  EXPECT_EQ(run("SELECT 1; -- and a comment").rows.at(0).at(0), Value(1));
}

TEST_F(Pipeline, ConditionsSeeWhatTheStepsBeforeCameTo) {
  auto result = batch({
      step("INSERT INTO t VALUES(1,'a')"),
      step("INSERT INTO t VALUES(1,'a')"),
      step("SELECT 2", Condition::ok(0)),
      step("SELECT 3", Condition::ok(1)),
      step("SELECT 4", Condition{Condition::Kind::kError, 1, {}}),
      step("SELECT 5", Condition{Condition::Kind::kError, 3, {}}),  // skipped is not failed
      step("SELECT 6", Condition::ok(3)),
      step("SELECT 7", Condition::all({Condition::ok(0), Condition::negate(Condition::ok(1))})),
      step("SELECT 8", Condition{Condition::Kind::kOr, 0, {Condition::ok(1), Condition::ok(2)}}),
      step("SELECT 9", Condition::is_autocommit()),
      step("SELECT 10", in_transaction()),
  });
  std::vector<bool> ran;
  for (const auto& one : result.step_results) ran.push_back(one.has_value());
  EXPECT_EQ(ran, (std::vector<bool>{true, false, true, false, true, false, false, true, true, true, false}));
  ASSERT_TRUE(result.step_errors[1].has_value());
  EXPECT_EQ(std::count_if(result.step_errors.begin(), result.step_errors.end(), [](auto& e) { return e.has_value(); }),
            1);
}

TEST_F(Pipeline, AConditionOnALaterStepIsABatchStepError) {
  auto result = batch({step("SELECT 1", Condition::ok(0)), step("SELECT 2")});
  ASSERT_TRUE(result.step_errors[0].has_value());
  EXPECT_EQ(result.step_errors[0]->code, "BATCH_STEP_ERROR");
  EXPECT_TRUE(result.step_results[1].has_value());
}

// The push of official clients: every step only inside the transaction, COMMIT too.
TEST_F(Pipeline, AFailingStepOfAGuardedBatchLeavesNothingBehind) {
  auto result = batch({
      step("BEGIN IMMEDIATE"),
      step("INSERT INTO t VALUES(1,'a')", in_transaction()),
      step("INSERT INTO t VALUES(2,'a')", in_transaction()),
      step("INSERT INTO t VALUES(3,'c')", in_transaction()),
      step("COMMIT", in_transaction()),
  });
  ASSERT_TRUE(result.step_errors[2].has_value());
  EXPECT_EQ(result.step_errors[2]->message, "UNIQUE constraint failed: t.v");
  EXPECT_FALSE(result.step_results[3].has_value());
  EXPECT_FALSE(result.step_errors[3].has_value());
  EXPECT_FALSE(result.step_results[4].has_value());
  EXPECT_EQ(count(), 0);
}

TEST_F(Pipeline, AColumnThatIsAlreadyThereDoesNotEndTheBatch) {
  auto result = batch({
      step("BEGIN IMMEDIATE"),
      step("ALTER TABLE t ADD COLUMN v TEXT", in_transaction()),
      step("INSERT INTO t VALUES(1,'a')", in_transaction()),
      step("COMMIT", in_transaction()),
  });
  EXPECT_TRUE(result.step_errors[1].has_value());
  EXPECT_TRUE(result.step_results[3].has_value());
  EXPECT_EQ(count(), 1);
}

TEST_F(Pipeline, WithoutSafeBatchesOnlyTheStatementIsUndone) {
  stop();
  ServiceOptions plain = options();
  plain.safe_batches = false;
  start(plain);
  batch({
      step("BEGIN IMMEDIATE"),
      step("INSERT INTO t VALUES(1,'a')", in_transaction()),
      step("INSERT INTO t VALUES(2,'a')", in_transaction()),
      step("COMMIT", in_transaction()),
  });
  EXPECT_EQ(count(), 1);
}

// Our own push: a chain, compare-and-set first, a conditional ROLLBACK last.
TEST_F(Pipeline, AMismatchOfTheComparedRowStopsTheChain) {
  run("CREATE TABLE turso_sync_last_change_id(client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER)");
  run("INSERT INTO turso_sync_last_change_id VALUES('me', 7, 3)");
  auto push = [&](const char* expected) {
    wire::Step compare = step(
        "SELECT CASE WHEN (SELECT pull_gen||':'||change_id FROM turso_sync_last_change_id WHERE client_id=?1) IS ?2 "
        "THEN 1 ELSE abs(-9223372036854775807-1) END",
        Condition::ok(0));
    compare.statement.args = {Value("me"), Value(expected)};
    return batch({step("BEGIN IMMEDIATE"), compare, step("INSERT INTO t VALUES(1,'a')", Condition::ok(1)),
                  step("UPDATE turso_sync_last_change_id SET pull_gen=8, change_id=9", Condition::ok(2)),
                  step("COMMIT", Condition::ok(3)),
                  step("ROLLBACK", Condition::all({Condition::ok(0), Condition::negate(Condition::ok(4))}))});
  };
  auto late = push("6:2");
  ASSERT_TRUE(late.step_errors[1].has_value());
  EXPECT_EQ(late.step_errors[1]->message, "integer overflow");
  EXPECT_EQ(count(), 0);
  auto right = push("7:3");
  EXPECT_TRUE(right.step_results[4].has_value());
  EXPECT_FALSE(right.step_results[5].has_value());
  EXPECT_EQ(count(), 1);
}

// The same text again and again uses one prepared statement.
TEST_F(Pipeline, ARepeatedStatementTakesItsOwnArgumentsAndTheSchemaAsItIs) {
  auto insert = [](std::vector<Value> args) {
    return Step{std::nullopt, {"INSERT INTO t VALUES(?, ?)", std::move(args), {}, true}};
  };
  auto result =
      batch({insert({Value(1), Value("a")}), insert({Value(2)}), insert({Value(2)}), insert({Value(3), Value("c")}),
             step("SELECT * FROM t ORDER BY id"), step("ALTER TABLE t ADD COLUMN w DEFAULT 7"),
             step("SELECT * FROM t ORDER BY id"), step("SELECT * FROM t ORDER BY id"), step("DROP TABLE t"),
             step("SELECT * FROM t ORDER BY id"), step("SELECT * FROM t ORDER BY id")});
  ASSERT_TRUE(result.step_errors[2].has_value());
  EXPECT_EQ(result.step_errors[2]->message, "UNIQUE constraint failed: t.id");
  std::vector<std::vector<Value>> rows = {{Value(1), Value("a")}, {Value(2), Value()}, {Value(3), Value("c")}};
  EXPECT_EQ(result.step_results[4]->rows, rows);
  for (auto& row : rows) row.push_back(Value(7));
  EXPECT_EQ(result.step_results[6]->rows, rows);
  EXPECT_EQ(result.step_results[7]->rows, rows);
  EXPECT_EQ(result.step_results[7]->columns.size(), 3u);
  EXPECT_TRUE(result.step_results[8].has_value());
  EXPECT_EQ(result.step_errors[10]->message, "no such table: t");
}

TEST_F(Pipeline, ATransactionLeftOpenIsRolledBackAtTheEnd) {
  batch({step("BEGIN IMMEDIATE"), step("INSERT INTO t VALUES(1,'a')")});
  EXPECT_EQ(count(), 0);
  batch({step("BEGIN IMMEDIATE"), step("INSERT INTO t VALUES(1,'a')"), step("COMMIT")});
  EXPECT_EQ(count(), 1);
}

TEST_F(Pipeline, ForeignKeysAreCheckedAtTheEndOfTheTransaction) {
  run("CREATE TABLE child(id INTEGER PRIMARY KEY, parent REFERENCES t(id))");
  auto late = batch(
      {step("BEGIN"), step("INSERT INTO child VALUES(1, 5)"), step("INSERT INTO t VALUES(5,'p')"), step("COMMIT")});
  EXPECT_TRUE(late.step_results[3].has_value());
  auto missing = batch({step("BEGIN"), step("INSERT INTO child VALUES(2, 6)"), step("COMMIT")});
  ASSERT_TRUE(missing.step_errors[2].has_value());
  EXPECT_EQ(missing.step_errors[2]->message, "FOREIGN KEY constraint failed");
  EXPECT_EQ(count("child"), 1);
}

TEST_F(Pipeline, ARequestOfAnUnknownTypeIsNamedInItsAnswer) {
  Reply reply = post(
      "/v2/pipeline",
      R"({"baton":null,"requests":[{"type":"describe","sql":"SELECT 1"},{"type":"execute","stmt":{"sql":"SELECT 7"}}]})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr("describe"));
  EXPECT_THAT(reply.body, HasSubstr("\"7\""));
}

TEST_F(Pipeline, ABodyThatIsNotThePipelineIsRefused) {
  for (const char* body : {"", "{", "[]", "{\"requests\":7}", "hello"})
    EXPECT_EQ(post("/v2/pipeline", body).status, 400) << body;
}

TEST_F(Pipeline, EachCommitMovesTheRevisionAndAReadDoesNot) {
  std::string before = pull().header.server_revision;
  run("SELECT * FROM t");
  EXPECT_EQ(pull().header.server_revision, before);
  run("INSERT INTO t VALUES(1,'a')");
  std::string after = pull().header.server_revision;
  EXPECT_NE(after, before);
  fail("INSERT INTO t VALUES(1,'a')");
  EXPECT_EQ(pull().header.server_revision, after);
}

}  // namespace
}  // namespace turso::server
