// Transactions that span requests, and who waits for them.
#include "base/limits.hpp"
#include "server_fixture.hpp"

namespace turso::server {
namespace {

using ::testing::HasSubstr;

class Stream : public ServerTest {
 protected:
  void SetUp() override {
    start();
    run("CREATE TABLE t(x)");
  }
  static wire::PipelineRequest statements(std::optional<std::string> baton, std::vector<std::string> texts) {
    wire::PipelineRequest request{std::move(baton), {}};
    for (std::string& text : texts) request.requests.push_back(wire::SqlStatement{std::move(text), {}, {}, true});
    return request;
  }
  std::string open(std::vector<std::string> texts) {
    auto answer = pipeline(statements("", std::move(texts)));
    EXPECT_TRUE(answer.baton.has_value());
    return answer.baton.value_or("");
  }
  std::shared_ptr<std::optional<Reply>> later(const wire::PipelineRequest& request) {
    auto late = std::make_shared<std::optional<Reply>>();
    service_->handle(pipeline_request(request), [late](Response response) { *late = read_reply(std::move(response)); });
    return late;
  }
  std::int64_t count() { return run("SELECT count(*) FROM t").rows.at(0).at(0).integer(); }
};

TEST_F(Stream, ATransactionSpansRequests) {
  std::string baton = open({"BEGIN IMMEDIATE", "INSERT INTO t VALUES(1)"});
  auto second = pipeline(statements(baton, {"INSERT INTO t VALUES(2)"}));
  ASSERT_TRUE(second.baton.has_value());
  EXPECT_NE(*second.baton, baton);
  EXPECT_EQ(count(), 0);
  auto third = pipeline({second.baton, {wire::SqlStatement{"COMMIT", {}, {}, true}, wire::CloseRequest{}}});
  EXPECT_FALSE(third.baton.has_value());
  EXPECT_TRUE(std::holds_alternative<wire::CloseResult>(third.results.at(1)));
  EXPECT_EQ(count(), 2);
}

TEST_F(Stream, WithoutABatonThereIsNone) {
  EXPECT_FALSE(pipeline(statements(std::nullopt, {"SELECT 1"})).baton.has_value());
}

TEST_F(Stream, ABatonServesOnce) {
  std::string baton = open({"SELECT 1"});
  pipeline(statements(baton, {"SELECT 1"}));
  Reply reply = *send(pipeline_request(statements(baton, {"SELECT 1"})));
  EXPECT_EQ(reply.status, 410);
  EXPECT_THAT(reply.body, HasSubstr("stream_expired"));
}

TEST_F(Stream, AnIdleStreamIsRolledBack) {
  std::string baton = open({"BEGIN IMMEDIATE", "INSERT INTO t VALUES(1)"});
  EXPECT_EQ(service_->next_deadline(), environment_->now_ms + limits::kServerStreamIdleMs);
  environment_->now_ms += limits::kServerStreamIdleMs;
  service_->run_timers();
  EXPECT_EQ(send(pipeline_request(statements(baton, {"COMMIT"})))->status, 410);
  run("INSERT INTO t VALUES(2)");
  EXPECT_EQ(count(), 1);
}

TEST_F(Stream, CloseRollsBackWhatIsOpen) {
  std::string baton = open({"BEGIN IMMEDIATE", "INSERT INTO t VALUES(1)"});
  pipeline({baton, {wire::CloseRequest{}}});
  EXPECT_EQ(count(), 0);
}

TEST_F(Stream, WritersWaitForTheStreamThatHoldsTheLockInTheirOrder) {
  std::string baton = open({"BEGIN IMMEDIATE", "INSERT INTO t VALUES(1)"});
  auto first = later(statements(std::nullopt, {"INSERT INTO t SELECT 10 + count(*) FROM t"}));
  auto second = later(statements(std::nullopt, {"INSERT INTO t SELECT 10 + count(*) FROM t"}));
  EXPECT_FALSE(first->has_value());
  EXPECT_EQ(count(), 0);  // readers do not wait
  pipeline(statements(baton, {"COMMIT"}));
  ASSERT_TRUE(first->has_value() && second->has_value());
  EXPECT_EQ(run("SELECT group_concat(x, ' ') FROM t").rows.at(0).at(0), Value("1 11 12"));
}

TEST_F(Stream, AWriterThatWaitedTooLongIsToldThatTheDatabaseIsLocked) {
  std::string baton = open({"BEGIN IMMEDIATE", "INSERT INTO t VALUES(1)"});
  auto waiting = later(statements(std::nullopt, {"INSERT INTO t VALUES(2)"}));
  environment_->now_ms += limits::kServerWriterWaitMs;
  service_->run_timers();
  ASSERT_TRUE(waiting->has_value());
  EXPECT_THAT((*waiting)->body, HasSubstr("database is locked"));
  pipeline(statements(baton, {"COMMIT"}));
  EXPECT_EQ(count(), 1);
}

TEST_F(Stream, AStatementThatFailsInAStreamLeavesTheTransaction) {
  std::string baton = open({"BEGIN", "INSERT INTO t VALUES(1)", "INSERT INTO nowhere VALUES(1)"});
  pipeline(statements(baton, {"COMMIT"}));
  EXPECT_EQ(count(), 1);
}

TEST_F(Stream, ARepeatedStatementSeesTheColumnsThatOthersAdded) {
  std::string baton = open({"INSERT INTO t VALUES(1)", "SELECT * FROM t"});
  run("ALTER TABLE t ADD COLUMN y DEFAULT 2");
  auto again = pipeline(statements(baton, {"SELECT * FROM t"}));
  auto& result = std::get<wire::StatementResult>(again.results.at(0));
  EXPECT_EQ(result.columns.size(), 2u);
  EXPECT_EQ(result.rows.at(0), (std::vector<Value>{Value(1), Value(2)}));
}

TEST_F(Stream, ThereAreOnlySoMany) {
  for (std::size_t i = 0; i < limits::kServerStreamsMax; ++i) open({"SELECT 1"});
  EXPECT_EQ(send(pipeline_request(statements("", {"SELECT 1"})))->status, 503);
  run("SELECT 1");
}

}  // namespace
}  // namespace turso::server
