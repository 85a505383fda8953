#include "sync/http.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace turso::sync {
namespace {

class HttpTest : public testing::Test {
 protected:
  HttpExchange send(Bytes body = {}) {
    HttpRequest request;
    request.path = "/pull-updates";
    request.media_type = "application/protobuf";
    request.accept_encoding = true;
    request.body = std::move(body);
    return HttpExchange(channel_, std::move(request));
  }

  Status run(HttpExchange& exchange, const std::function<void(IoItem&)>& host) {
    auto item = channel_.queue->take();
    Task<Status> task = await_success(&exchange);
    Runner runner;
    runner.start(task);
    EXPECT_EQ(runner.run(), RunState::kNeedsInput);
    host(*item);
    EXPECT_EQ(runner.run(), RunState::kDone);
    return task.take();
  }

  HttpChannel channel_{std::make_shared<IoQueue>(), std::make_shared<NetworkCounters>(), "http://remote", ""};
};

TEST_F(HttpTest, TheRequestCarriesTheHeadersOfTheProtocol) {
  channel_.encryption_key = "a2V5";
  HttpExchange exchange = send({1, 2, 3});
  auto item = channel_.queue->take();
  ASSERT_NE(item, nullptr);
  EXPECT_EQ(item->url, "http://remote");
  EXPECT_EQ(item->path, "/pull-updates");
  EXPECT_EQ(item->method, "POST");
  using Headers = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(item->headers, (Headers{{"content-type", "application/protobuf"},
                                    {"accept-encoding", "application/protobuf"},
                                    {"x-turso-encryption-key", "a2V5"}}));
  EXPECT_EQ(channel_.counters->sent_bytes, 3);
}

TEST_F(HttpTest, AStatusOtherThan200IsAnErrorWithTheServersWords) {
  HttpExchange exchange = send();
  Status status = run(exchange, [](IoItem& item) {
    ASSERT_TRUE(item.set_status(500));
    ASSERT_TRUE(item.push_buffer(as_bytes("Internal Server Error: disk\nfull")));
    ASSERT_TRUE(item.done());
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kServer);
  EXPECT_EQ(status.error().http_status, 500);
  EXPECT_EQ(status.error().message,
            "POST http://remote/pull-updates: remote server returned an error: status=500, "
            "body=Internal Server Error: disk?full");
}

TEST_F(HttpTest, UnauthorizedIsAuth) {
  HttpExchange exchange = send();
  Status status = run(exchange, [](IoItem& item) {
    ASSERT_TRUE(item.set_status(401));
    ASSERT_TRUE(item.done());
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kAuth);
}

TEST_F(HttpTest, PoisonWinsOverWhatIsBuffered) {
  HttpExchange exchange = send();
  Status status = run(exchange, [](IoItem& item) {
    ASSERT_TRUE(item.set_status(200));
    ASSERT_TRUE(item.push_buffer(as_bytes("abc")));
    ASSERT_TRUE(item.poison("connection reset by peer"));
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kNetwork);
  EXPECT_EQ(status.error().message, "POST http://remote/pull-updates: connection reset by peer");
}

TEST_F(HttpTest, AHostThatGaveUpWaitingIsATimeout) {
  HttpExchange exchange = send();
  Status status = run(exchange, [](IoItem& item) { ASSERT_TRUE(item.poison("Operation timed out after 30 s")); });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kTimeout);
}

TEST_F(HttpTest, AnAnswerWithoutAStatusIsAProtocolError) {
  HttpExchange exchange = send();
  Status status = run(exchange, [](IoItem& item) { ASSERT_TRUE(item.done()); });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kProtocol);
}

TEST_F(HttpTest, AStatusOutOfRangeIsMisuse) {
  IoItem item;
  EXPECT_EQ(item.set_status(99).error().kind, ErrorKind::kMisuse);
  EXPECT_EQ(item.set_status(70000).error().kind, ErrorKind::kMisuse);
}

TEST_F(HttpTest, AnItemThatNobodyTookIsWithdrawnWithItsOperation) {
  { HttpExchange exchange = send(); }
  EXPECT_EQ(channel_.queue->take(), nullptr);
}

TEST_F(HttpTest, AnItemInTheHostsHandsOutlivesItsOperationAndKeepsNothing) {
  std::shared_ptr<IoItem> item;
  {
    HttpExchange exchange = send();
    item = channel_.queue->take();
  }
  ASSERT_TRUE(item->set_status(200));
  ASSERT_TRUE(item->push_buffer(as_bytes("late")));
  ASSERT_TRUE(item->done());
  EXPECT_EQ(item->progress().buffered_bytes, 0U);
}

TEST_F(HttpTest, ABigBodyIsTakenInBoundedPieces) {
  HttpExchange exchange = send();
  auto item = channel_.queue->take();
  Bytes big(limits::kResumeInputBytes * 2 + 5, 7);
  ASSERT_TRUE(item->set_status(200));
  ASSERT_TRUE(item->push_buffer(big));
  ASSERT_TRUE(item->done());
  EXPECT_EQ(exchange.next_piece()->bytes.size(), limits::kResumeInputBytes);
  EXPECT_EQ(exchange.next_piece()->bytes.size(), limits::kResumeInputBytes);
  EXPECT_EQ(exchange.next_piece()->bytes.size(), 5U);
  EXPECT_TRUE(exchange.next_piece()->end);
  EXPECT_EQ(channel_.counters->received_bytes, static_cast<std::int64_t>(big.size()));
}

TEST_F(HttpTest, ABodyAboveItsLimitIsRefused) {
  HttpExchange exchange = send();
  auto item = channel_.queue->take();
  ASSERT_TRUE(item->set_status(200));
  ASSERT_TRUE(item->push_buffer(Bytes(101, 'x')));
  Task<Result<std::string>> task = read_body(&exchange, 100);
  Runner runner;
  runner.start(task);
  ASSERT_EQ(runner.run(), RunState::kDone);
  EXPECT_EQ(task.take().error().kind, ErrorKind::kProtocol);
}

}  // namespace
}  // namespace turso::sync
