// turso_sync.hpp: SyncDatabase over a transport that is played here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "support/temp_dir.hpp"
#include "turso_sync.hpp"

namespace turso_sync {
namespace {

using ::testing::HasSubstr;

// Performs every request by a function, and counts them.
class PlayedTransport final : public Transport {
 public:
  std::function<void(const HttpRequest&, HttpAnswer&)> play;
  std::atomic<int> requests{0};
  void perform(const HttpRequest& request, HttpAnswer& answer) override {
    ++requests;
    play(request, answer);
  }
};

class Host : public ::testing::Test {
 protected:
  Host() {
    options_.path = dir_.path("replica");
    options_.remote_url = "http://127.0.0.1:1";
    options_.client_name = "host";
    options_.bootstrap_if_empty = false;
    transport_->play = [](const HttpRequest&, HttpAnswer&) { throw std::runtime_error("no route to host"); };
  }
  SyncDatabase& made() {
    database_ = std::make_unique<SyncDatabase>(options_, transport_);
    database_->create();
    return *database_;
  }
  template <typename Call>
  SyncError error_of(Call call) {
    try {
      call();
    } catch (const SyncError& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {TURSO_OK, TURSO_CDC_ERROR_NONE, ""};
  }

  turso::test::TempDir dir_;
  SyncOptions options_;
  std::shared_ptr<PlayedTransport> transport_ = std::make_shared<PlayedTransport>();
  std::unique_ptr<SyncDatabase> database_;
};

TEST_F(Host, SqlThroughTheHandles) {
  Connection connection = made().connect();
  connection.exec_script("CREATE TABLE t(k INTEGER PRIMARY KEY, v); -- a table\nINSERT INTO t VALUES (1, 'ä')");
  Statement insert = connection.prepare("INSERT INTO t VALUES (?1, :v)");
  insert.bind_int(1, 2);
  insert.bind_text(insert.position(":v"), "two");
  EXPECT_EQ(insert.execute(), 1U);
  Statement select = connection.prepare("SELECT k, v FROM t ORDER BY k");
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.integer(0), 1);
  EXPECT_EQ(select.bytes(1), "ä");
  ASSERT_TRUE(select.step());
  EXPECT_FALSE(select.step());
  SyncError error = error_of([&] { connection.exec_script("INSERT INTO t VALUES (1, NULL)"); });
  EXPECT_EQ(error.status, TURSO_CONSTRAINT);
  EXPECT_EQ(error.kind, TURSO_CDC_ERROR_CONSTRAINT);
  EXPECT_STREQ(error.what(), "UNIQUE constraint failed: t.k");
  EXPECT_EQ(error_of([&] { select.bind_int(9, 1); }).status, TURSO_MISUSE);
}

TEST_F(Host, ATransportThatThrowsIsANetworkError) {
  SyncError error = error_of([&] { made().pull(); });
  EXPECT_EQ(error.kind, TURSO_CDC_ERROR_NETWORK);
  EXPECT_TRUE(error.retryable);
  EXPECT_THAT(error.what(), HasSubstr("no route to host"));
  EXPECT_EQ(transport_->requests, 1);
}

TEST_F(Host, RetryableFailuresAreTriedAgainAsThePolicySays) {
  options_.retry.attempts_max = 3;
  options_.retry.base_ms = 1;
  error_of([&] { made().pull(); });
  EXPECT_EQ(transport_->requests, 3);
}

TEST_F(Host, AStatusIsAnAnswerAndRetryAfterIsKept) {
  transport_->play = [](const HttpRequest& request, HttpAnswer& answer) {
    EXPECT_EQ(request.method, "POST");
    answer.status(503);
    answer.header("Retry-After", "3");
    answer.data("overloaded");
  };
  SyncError error = error_of([&] { made().pull(); });
  EXPECT_EQ(error.kind, TURSO_CDC_ERROR_SERVER);
  EXPECT_EQ(error.http_status, 503);
  EXPECT_TRUE(error.retryable);
  EXPECT_EQ(error.retry_after_ms, 3000);
}

TEST_F(Host, ARefusedTokenIsNotTriedAgain) {
  options_.retry.attempts_max = 3;
  transport_->play = [](const HttpRequest&, HttpAnswer& answer) { answer.status(401); };
  SyncError error = error_of([&] { made().pull(); });
  EXPECT_EQ(error.kind, TURSO_CDC_ERROR_AUTH);
  EXPECT_EQ(transport_->requests, 1);
}

TEST_F(Host, AWrongOptionNamesItself) {
  options_.named = {{"no_such_option", "1"}};
  SyncError error = error_of([&] { SyncDatabase(options_, transport_); });
  EXPECT_EQ(error.status, TURSO_MISUSE);
  EXPECT_THAT(error.what(), HasSubstr("no_such_option"));
}

// A long poll that hangs until it is let go or cancelled.
class LongPoll {
 public:
  void operator()(const HttpRequest&, HttpAnswer& answer) {
    answer.cancellation().on_cancel([this] { release(); });
    std::unique_lock<std::mutex> lock(mutex_);
    hangs_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return released_; });
    lock.unlock();
    answer.cancellation().on_cancel(nullptr);
    throw std::runtime_error("let go");
  }
  void wait_until_it_hangs() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return hangs_; });
  }
  void release() {
    std::lock_guard<std::mutex> lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hangs_ = false;
  bool released_ = false;
};

TEST_F(Host, OthersWorkWhileAPullWaitsAndCancelEndsIt) {
  LongPoll poll;
  transport_->play = [&](const HttpRequest& request, HttpAnswer& answer) { poll(request, answer); };
  SyncDatabase& database = made();
  Cancellation cancellation;
  SyncError error(TURSO_OK, TURSO_CDC_ERROR_NONE, "");
  std::thread puller([&] { error = error_of([&] { database.pull(&cancellation); }); });
  poll.wait_until_it_hangs();
  database.connect().exec_script("CREATE TABLE t(v)");
  EXPECT_EQ(database.stats().revision, "");
  cancellation.cancel();
  puller.join();
  EXPECT_EQ(error.kind, TURSO_CDC_ERROR_CANCELLED);
  EXPECT_EQ(error.status, TURSO_INTERRUPT);
}

TEST_F(Host, CallsFromManyThreadsAreQueuedAndNoneFails) {
  SyncDatabase& database = made();
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      try {
        for (int round = 0; round < 10; ++round) i % 2 == 0 ? database.checkpoint() : void(database.stats());
      } catch (const SyncError&) {
        ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace turso_sync
