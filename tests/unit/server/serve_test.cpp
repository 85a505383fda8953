// What `turso-sync serve` runs: from the first line of output to the signal.
#include "server/serve.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "base/file.hpp"
#include "base/text.hpp"
#include "http_client.hpp"
#include "support/temp_dir.hpp"
#include "wire/pipeline.hpp"
#include "wire/pull.hpp"

namespace turso::server {
namespace {

using test::HttpClient;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// serve() in a process of its own, with its standard output in our hands.
class ServerProcess {
 public:
  explicit ServerProcess(const ServeOptions& options) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::fflush(nullptr);  // or the child would print what is still buffered here
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::_exit(serve(options).has_value() ? 0 : 3);
    }
    ::close(ends[1]);
    char c = 0;
    while (::read(ends[0], &c, 1) == 1 && c != '\n') first_line += c;
    ::close(ends[0]);
  }
  ~ServerProcess() {
    if (process_ > 0) end(SIGKILL);
  }
  std::uint16_t port() const {
    return static_cast<std::uint16_t>(std::atoi(first_line.substr(first_line.rfind(':') + 1).c_str()));
  }
  int end(int signal) {
    ::kill(process_, signal);
    int status = -1;
    ::waitpid(process_, &status, 0);
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string first_line;

 private:
  pid_t process_ = 0;
};

class Serve : public ::testing::TestWithParam<int> {
 protected:
  ServeOptions options() {
    ServeOptions options;
    options.listen = "127.0.0.1:0";
    options.database_path = dir_.path("a.db");
    return options;
  }
  static std::string sql(const std::string& text) {
    return wire::encode_pipeline_request({std::nullopt, {wire::SqlStatement{text, {}, {}, true}}});
  }
  test::TempDir dir_;
};

TEST_P(Serve, SaysWhereItListensAndEndsCleanlyOnASignal) {
  std::string first;
  {
    ServerProcess server(options());
    EXPECT_EQ(server.first_line, concat("listening on http://127.0.0.1:", server.port()));
    HttpClient client(server.port());
    EXPECT_EQ(client.call("POST", "/v2/pipeline", sql("CREATE TABLE t(x)")).status, 200);
    first = client.call("POST", "/pull-updates").body;
    // Somebody who waits does not keep the server from ending.
    wire::PullRequest wait;
    wait.client_revision = first.substr(3, 18);
    wait.long_poll_timeout_ms = 50'000;
    client.write(HttpClient::request("POST", "/pull-updates", std::string(as_text(encode_pull_request(wait)))));
    EXPECT_EQ(server.end(GetParam()), 0);
  }
  EXPECT_THAT(dir_.entries(), UnorderedElementsAre("a.db", "a.db-pages"));
  ServerProcess again(options());
  EXPECT_EQ(HttpClient(again.port()).call("POST", "/pull-updates").body, first);
}
INSTANTIATE_TEST_SUITE_P(Signals, Serve, ::testing::Values(SIGINT, SIGTERM));

// Whatever was acknowledged is there after a kill, and no replica mistakes it for what it knows.
TEST_F(Serve, AfterAKillTheDataIsThereUnderANewLineage) {
  std::string before;
  {
    ServerProcess server(options());
    HttpClient client(server.port());
    client.call("POST", "/v2/pipeline", sql("CREATE TABLE t(x)"));
    client.call("POST", "/v2/pipeline", sql("INSERT INTO t VALUES('kept')"));
    before = client.call("POST", "/pull-updates").body;
    server.end(SIGKILL);
  }
  ServerProcess again(options());
  HttpClient client(again.port());
  EXPECT_THAT(client.call("POST", "/v2/pipeline", sql("SELECT x FROM t")).body, HasSubstr("kept"));
  EXPECT_NE(client.call("POST", "/pull-updates").body.substr(3, 16), before.substr(3, 16));
}

TEST_F(Serve, WhatCannotBeServedIsTold) {
  ASSERT_TRUE(write_file_durably(dir_.path("a.db"), to_bytes(std::string(4096, 'x'))).has_value());
  auto refused = serve(options());
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr(dir_.path("a.db")));
  for (const char* listen : {"", "8080", ":8080", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:x"}) {
    ServeOptions wrong = options();
    wrong.database_path = dir_.path("b.db");
    wrong.listen = listen;
    EXPECT_FALSE(serve(wrong).has_value()) << listen;
  }
}

}  // namespace
}  // namespace turso::server
