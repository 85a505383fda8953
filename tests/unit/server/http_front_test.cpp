// HTTP over loopback: connections that live on, bodies in pieces, refusals, and the end.
#include "server/http_front.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/limits.hpp"
#include "http_client.hpp"
#include "sqlite/connection.hpp"
#include "support/temp_dir.hpp"
#include "wire/pipeline.hpp"
#include "wire/pull.hpp"

namespace turso::server {
namespace {

using test::HttpAnswer;
using test::HttpClient;
using ::testing::HasSubstr;

class Http : public ::testing::Test {
 protected:
  void start(std::vector<std::string> tokens = {}) {
    ServiceOptions options;
    options.data_directory = dir_.path("data");
    options.tokens = std::move(tokens);
    service_ = std::make_unique<Service>(options);
    ASSERT_TRUE(service_->open().has_value());
    front_ = std::make_unique<HttpFront>(*service_, HttpFront::Options{});
    auto port = front_->listen();
    ASSERT_TRUE(port.has_value()) << port.error().message;
    port_ = *port;
    thread_ = std::thread([this] { front_->run(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    front_->stop();
    thread_.join();
    front_.reset();
    auto closed = service_->close();
    EXPECT_TRUE(closed.has_value()) << closed.error().message;
  }
  void TearDown() override { stop(); }

  static std::string sql(const std::string& text) {
    return wire::encode_pipeline_request({std::nullopt, {wire::SqlStatement{text, {}, {}, true}}});
  }
  static std::string pull(const std::string& client_revision = "", std::uint32_t wait_ms = 0) {
    wire::PullRequest request;
    request.client_revision = client_revision;
    request.long_poll_timeout_ms = wait_ms;
    return std::string(as_text(wire::encode_pull_request(request)));
  }
  static wire::PullHeader header_of(const HttpAnswer& answer, std::size_t* pages = nullptr) {
    wire::PullHeader header;
    std::size_t count = 0;
    wire::PullStreamDecoder decoder(
        [&](const wire::PullHeader& found) {
          header = found;
          return ok();
        },
        [&](std::uint64_t, ByteView) {
          ++count;
          return ok();
        });
    EXPECT_TRUE(decoder.feed(as_bytes(answer.body)).has_value());
    EXPECT_TRUE(decoder.finish().has_value());
    if (pages != nullptr) *pages = count;
    return header;
  }

  test::TempDir dir_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<HttpFront> front_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST_F(Http, OneConnectionServesManyRequests) {
  start();
  HttpClient client(port_);
  EXPECT_EQ(client.call("GET", "/health").body, "{\"status\":\"ok\"}");
  EXPECT_EQ(client.call("POST", "/db/a/v2/pipeline", sql("CREATE TABLE t(x)")).status, 200);
  EXPECT_EQ(client.call("GET", "/nowhere").status, 404);
  HttpAnswer pulled = client.call("POST", "/db/a/pull-updates");
  EXPECT_EQ(pulled.status, 200);
  EXPECT_TRUE(pulled.whole);
  EXPECT_GT(header_of(pulled).db_size, 0u);
  EXPECT_EQ(client.call("GET", "/health").status, 200);
}

TEST_F(Http, EveryAnswerMayBeReadByABrowser) {
  start();
  HttpClient client(port_);
  HttpAnswer options = client.call("OPTIONS", "/db/a/pull-updates");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers["access-control-allow-origin"], "*");
  EXPECT_EQ(client.call("GET", "/nowhere").headers["access-control-allow-origin"], "*");
}

TEST_F(Http, ARequestBodyMayComeInChunks) {
  start();
  HttpClient client(port_);
  std::string body = sql("SELECT 42");
  client.write("POST /db/a/v2/pipeline HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
  for (char c : body) client.write(concat("1\r\n", std::string(1, c), "\r\n"));
  client.write("0\r\n\r\n");
  EXPECT_THAT(client.read().body, HasSubstr("\"42\""));
}

TEST_F(Http, AClientThatWaitsForContinueGetsIt) {
  start();
  HttpClient client(port_);
  std::string body = sql("SELECT 42");
  client.write(concat("POST /db/a/v2/pipeline HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ",
                      body.size(), "\r\n\r\n"));
  EXPECT_EQ(client.read().status, 100);
  client.write(body);
  EXPECT_THAT(client.read().body, HasSubstr("\"42\""));
}

TEST_F(Http, ALargeAnswerComesInPieces) {
  start();
  HttpClient client(port_);
  client.call("POST", "/db/a/v2/pipeline", sql("CREATE TABLE t(x)"));
  client.call("POST", "/db/a/v2/pipeline", sql("INSERT INTO t VALUES(randomblob(4000000))"));
  HttpAnswer answer = client.call("POST", "/db/a/pull-updates");
  EXPECT_TRUE(answer.whole);
  EXPECT_GT(answer.chunk_count, 10u);
  std::size_t pages = 0;
  wire::PullHeader header = header_of(answer, &pages);
  EXPECT_EQ(header.db_size, pages);
}

TEST_F(Http, AnOldClientGetsTheBodyUntilTheConnectionEnds) {
  start();
  HttpClient client(port_);
  client.call("POST", "/db/a/v2/pipeline", sql("CREATE TABLE t(x)"));
  HttpClient old(port_);
  old.write("POST /db/a/pull-updates HTTP/1.0\r\ncontent-length: 0\r\n\r\n");
  HttpAnswer answer = old.read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(header_of(answer).db_size, 2u);
}

TEST_F(Http, GarbageIsRefusedAndTheServerGoesOn) {
  start();
  for (const char* garbage : {"hello\r\n\r\n", "GET\r\n\r\n", "POST / HTTP/9.9\r\n\r\n",
                              "POST /db/a/v2/pipeline HTTP/1.1\r\ncontent-length: x\r\n\r\n"}) {
    HttpClient client(port_);
    client.write(garbage);
    EXPECT_EQ(client.read().status, 400) << garbage;
    EXPECT_TRUE(client.at_end()) << garbage;
  }
  EXPECT_EQ(HttpClient(port_).call("GET", "/health").status, 200);
}

TEST_F(Http, AClientThatGoesAwayInTheMiddleHarmsNobody) {
  start();
  { HttpClient(port_).write("POST /db/a/v2/pipeline HTTP/1.1\r\ncontent-length: 1000\r\n\r\nhalf"); }
  {
    HttpClient client(port_);
    client.call("POST", "/db/a/v2/pipeline", sql("CREATE TABLE t(x)"));
    client.call("POST", "/db/a/v2/pipeline", sql("INSERT INTO t VALUES(zeroblob(8000000))"));
    client.write(HttpClient::request("POST", "/db/a/pull-updates", ""));
  }
  EXPECT_EQ(HttpClient(port_).call("GET", "/health").status, 200);
}

TEST_F(Http, TooLongHeadersAndBodiesAreRefused) {
  start();
  HttpClient headers(port_);
  headers.write(concat("GET /health HTTP/1.1\r\nx: ", std::string(limits::kServerHeaderBytesMax, 'x'), "\r\n\r\n"));
  EXPECT_EQ(headers.read().status, 431);
  HttpClient body(port_);
  body.write(concat("POST /db/a/v2/pipeline HTTP/1.1\r\ncontent-length: ", limits::kServerRequestBytesMax + 1,
                    "\r\n\r\nthe beginning"));
  EXPECT_EQ(body.read().status, 413);
}

TEST_F(Http, WithTokensNothingOpensWithoutOne) {
  start({"first", "second"});
  HttpClient client(port_);
  EXPECT_EQ(client.call("POST", "/db/a/pull-updates").status, 401);
  EXPECT_EQ(client.call("POST", "/db/a/pull-updates", "", "authorization: Bearer firs\r\n").status, 401);
  EXPECT_EQ(client.call("POST", "/db/a/pull-updates", "", "authorization: Bearer firstfirst\r\n").status, 401);
  EXPECT_EQ(client.call("POST", "/db/a/pull-updates", "", "authorization: Basic first\r\n").status, 401);
  EXPECT_EQ(client.call("POST", "/db/a/pull-updates", "", "Authorization: bearer second\r\n").status, 200);
  EXPECT_EQ(client.call("GET", "/health").status, 200);
}

TEST_F(Http, ALongPollIsAnsweredByAnothersWrite) {
  start();
  HttpClient writer(port_);
  writer.call("POST", "/db/a/v2/pipeline", sql("CREATE TABLE t(x)"));
  std::string revision = header_of(writer.call("POST", "/db/a/pull-updates")).server_revision;
  HttpClient waiter(port_);
  waiter.write(HttpClient::request("POST", "/db/a/pull-updates", pull(revision, 30'000)));
  writer.call("POST", "/db/a/v2/pipeline", sql("INSERT INTO t VALUES(1)"));
  HttpAnswer answer = waiter.read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(header_of(answer).server_revision, revision);
}

TEST_F(Http, ALongPollSeesTheWriteOfAnotherProgram) {
  start();
  HttpClient client(port_);
  client.call("POST", "/db/a/v2/pipeline", sql("CREATE TABLE t(x)"));
  std::string revision = header_of(client.call("POST", "/db/a/pull-updates")).server_revision;
  client.write(HttpClient::request("POST", "/db/a/pull-updates", pull(revision, 30'000)));
  auto foreign = sqlite::Connection::open(dir_.path("data") + "/a.db", {.busy_timeout_ms = 5000});
  ASSERT_TRUE(foreign.has_value());
  ASSERT_TRUE(foreign->exec("INSERT INTO t VALUES(1)").has_value());
  EXPECT_NE(header_of(client.read()).server_revision, revision);
}

TEST_F(Http, StoppingAnswersWhoWaitsAndClosesCleanly) {
  start();
  HttpClient waiter(port_);
  waiter.call("POST", "/db/a/v2/pipeline", sql("CREATE TABLE t(x)"));
  std::string revision = header_of(waiter.call("POST", "/db/a/pull-updates")).server_revision;
  HttpClient idle(port_);
  EXPECT_EQ(idle.call("GET", "/health").status, 200);
  waiter.write(HttpClient::request("POST", "/db/a/pull-updates", pull(revision, 30'000)));
  // A request behind it on the same database has been answered, so the poll is parked.
  HttpClient other(port_);
  other.call("POST", "/db/a/v2/pipeline", sql("SELECT 1"));
  stop();
  EXPECT_EQ(header_of(waiter.read()).server_revision, revision);
  EXPECT_TRUE(waiter.at_end());
  EXPECT_TRUE(idle.at_end());
  EXPECT_FALSE(HttpClient(port_).connected());
  start();
  HttpClient again(port_);
  std::size_t pages = 1;
  EXPECT_EQ(header_of(again.call("POST", "/db/a/pull-updates", pull(revision)), &pages).server_revision, revision);
  EXPECT_EQ(pages, 0u);
}

TEST_F(Http, DatabasesAreServedSideBySideFromManyConnections) {
  start();
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      HttpClient client(port_);
      std::string base = concat("/db/d", i % 3);
      client.call("POST", base + "/v2/pipeline", sql("CREATE TABLE IF NOT EXISTS t(x)"));
      for (int k = 0; k < 10; ++k) {
        good += client.call("POST", base + "/v2/pipeline", sql("INSERT INTO t VALUES(1)")).status == 200;
        HttpAnswer pulled = client.call("POST", base + "/pull-updates");
        good += pulled.status == 200 && pulled.whole;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 8 * 10 * 2);
  HttpClient client(port_);
  EXPECT_THAT(client.call("POST", "/db/d0/v2/pipeline", sql("SELECT count(*) FROM t")).body, HasSubstr("\"30\""));
}

TEST_F(Http, APortThatIsTakenIsToldByItsAddress) {
  start();
  HttpFront second(*service_, HttpFront::Options{"127.0.0.1", port_, 1, false});
  auto refused = second.listen();
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr(concat("127.0.0.1:", port_)));
}

}  // namespace
}  // namespace turso::server
