// Routes, names, tokens, and polls that wait.
#include <filesystem>
#include "base/limits.hpp"

#include "server_fixture.hpp"

namespace turso::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Routes : public ServerTest {
 protected:
  void start_directory() {
    ServiceOptions many;
    many.data_directory = dir_.path("data");
    start(many);
  }
};

TEST_F(Routes, ASingleDatabaseStandsAtTheRoot) {
  start();
  EXPECT_EQ(send({"GET", "/health", {}, ""})->status, 200);
  EXPECT_EQ(post("/pull-updates?x=1", "").status, 200);
  Reply unknown = post("/db/a/pull-updates", "");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("\"code\":\"not_found\""));
  EXPECT_EQ(send({"GET", "/pull-updates", {}, ""})->status, 405);
}

TEST_F(Routes, ADirectoryHoldsDatabasesByName) {
  start_directory();
  EXPECT_EQ(post("/db/a/pull-updates", "").status, 200);
  EXPECT_EQ(post("/db/B-2_c.d/v2/pipeline", "{\"baton\":null,\"requests\":[]}").status, 200);
  EXPECT_TRUE(std::filesystem::exists(dir_.path("data") + "/a.db"));
  EXPECT_TRUE(std::filesystem::exists(dir_.path("data") + "/B-2_c.d.db"));
  EXPECT_EQ(post("/pull-updates", "").status, 404);
  for (std::string name : {std::string(""), std::string(".."), std::string(".hidden"), std::string("a%2fb"),
                           std::string("a b"), std::string(65, 'x'), std::string("\xc3\xa4")})
    EXPECT_EQ(post("/db/" + name + "/pull-updates", "").status, 404) << name;
}

TEST_F(Routes, WhatIsAskedForTellsTheSequence) {
  start_directory();
  EXPECT_EQ(service_->sequence_of({"POST", "/db/a/pull-updates", {}, ""}), "a");
  EXPECT_EQ(service_->sequence_of({"GET", "/health", {}, ""}), std::nullopt);
  EXPECT_EQ(service_->sequence_of({"OPTIONS", "/db/a/pull-updates", {}, ""}), std::nullopt);
  EXPECT_EQ(service_->sequence_of({"POST", "/db/../pull-updates", {}, ""}), std::nullopt);
}

TEST_F(Routes, ADatabaseThatCannotBeServedDoesNotHarmTheOthers) {
  start_directory();
  path_ = dir_.path("data") + "/wide.db";
  foreign("PRAGMA page_size=8192; CREATE TABLE t(x)");
  Reply refused = post("/db/wide/pull-updates", "");
  EXPECT_EQ(refused.status, 500);
  EXPECT_THAT(refused.body, HasSubstr("page size is 8192, expected 4096"));
  EXPECT_EQ(post("/db/a/pull-updates", "").status, 200);
}

TEST_F(Routes, AnEncryptionKeyIsNotSilentlyIgnored) {
  start();
  Reply reply = *send({"POST", "/pull-updates", {{"x-turso-encryption-key", "abcd"}}, ""});
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("x-turso-encryption-key"));
}

TEST_F(Routes, OneOfAFileAndADirectoryIsNeeded) {
  for (const ServiceOptions& wrong : {ServiceOptions{}, [this] {
                                        ServiceOptions both = options();
                                        both.data_directory = dir_.path();
                                        return both;
                                      }()}) {
    Service service(wrong, environment_);
    EXPECT_FALSE(service.open().has_value());
  }
}

class LongPoll : public ServerTest {
 protected:
  void SetUp() override {
    start();
    run("CREATE TABLE t(x)");
    request_.client_revision = pull().header.server_revision;
    request_.long_poll_timeout_ms = 10'000;
  }
  std::shared_ptr<std::optional<Reply>> wait() {
    auto late = std::make_shared<std::optional<Reply>>();
    service_->handle(pull_request(request_), [late](Response response) { *late = read_reply(std::move(response)); });
    return late;
  }
  wire::PullRequest request_;
};

TEST_F(LongPoll, IsAnsweredByTheNextCommit) {
  auto first = wait();
  auto second = wait();
  ASSERT_FALSE(first->has_value());
  run("SELECT * FROM t");
  ASSERT_FALSE(first->has_value());
  run("INSERT INTO t VALUES(1)");
  ASSERT_TRUE(first->has_value() && second->has_value());
  EXPECT_THAT(read_pulled(**first).pages, Not(IsEmpty()));
  EXPECT_EQ(service_->desk()->waiting_polls(), 0u);
}

TEST_F(LongPoll, EndsWithItsTimeWithoutNews) {
  auto waiting = wait();
  environment_->now_ms += 9'999;
  service_->run_timers();
  ASSERT_FALSE(waiting->has_value());
  environment_->now_ms += 1;
  service_->run_timers();
  ASSERT_TRUE(waiting->has_value());
  Pulled pulled = read_pulled(**waiting);
  EXPECT_THAT(pulled.pages, IsEmpty());
  EXPECT_EQ(pulled.header.server_revision, request_.client_revision);
}

TEST_F(LongPoll, WaitsNoLongerThanTheServersLimit) {
  request_.long_poll_timeout_ms = 4'000'000'000;
  auto waiting = wait();
  environment_->now_ms += limits::kServerLongPollMsMax;
  service_->run_timers();
  EXPECT_TRUE(waiting->has_value());
}

TEST_F(LongPoll, SeesWritesOfOtherPrograms) {
  auto waiting = wait();
  foreign("INSERT INTO t VALUES(1)");
  ASSERT_TRUE(service_->next_deadline().has_value());
  environment_->now_ms = *service_->next_deadline();
  service_->run_timers();
  ASSERT_TRUE(waiting->has_value());
  EXPECT_THAT(read_pulled(**waiting).pages, Not(IsEmpty()));
}

TEST_F(LongPoll, DoesNotWaitWhenThereIsNews) {
  run("INSERT INTO t VALUES(1)");
  EXPECT_TRUE(wait()->has_value());
  request_.client_revision = "";
  EXPECT_TRUE(wait()->has_value());
  request_.client_revision = "strange";
  EXPECT_TRUE(wait()->has_value());
}

TEST_F(LongPoll, IsAnsweredWhenTheServerStops) {
  auto waiting = wait();
  service_->drain("");
  ASSERT_TRUE(waiting->has_value());
  EXPECT_TRUE(wait()->has_value());
}

}  // namespace
}  // namespace turso::server
