// One thread at a time: what a second thread gets, interrupts, closing, callbacks that come back.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "database_fixture.hpp"

namespace turso::database {
namespace {

// A user function that waits inside a statement until the test lets it go.
struct Pause {
  std::mutex mutex;
  std::condition_variable changed;
  bool inside = false;
  bool released = false;

  static void run(sqlite3_context* context, int, sqlite3_value**) {
    auto& self = *static_cast<Pause*>(sqlite3_user_data(context));
    std::unique_lock lock(self.mutex);
    self.inside = true;
    self.changed.notify_all();
    self.changed.wait(lock, [&] { return self.released; });
    sqlite3_result_int(context, 1);
  }
  void wait_until_inside() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return inside; });
  }
  void release() {
    std::lock_guard lock(mutex);
    released = true;
    changed.notify_all();
  }
};

class PlainThreads : public DatabaseTest {
 protected:
  PlainThreads() : connection_(connect(open(dir_.path("a")))) {}

  void define(const char* name, void (*function)(sqlite3_context*, int, sqlite3_value**), void* data) {
    Status installed = connection_->install(
        name,
        [=](sqlite3* raw) {
          return sqlite3_create_function_v2(raw, name, 0, SQLITE_UTF8, data, function, nullptr, nullptr, nullptr);
        },
        [](sqlite3*) { return SQLITE_OK; });
    ASSERT_TRUE(installed.has_value());
  }

  std::unique_ptr<Connection> connection_;
};

TEST_F(PlainThreads, ASecondThreadInsideIsMisuseAndChangesNothing) {
  Pause pause;
  define("pause", &Pause::run, &pause);
  auto other = prepare(*connection_, "SELECT 2");
  auto waiting = prepare(*connection_, "SELECT pause()");
  Result<StepResult> stepped = StepResult::kDone;
  std::thread inside([&] { stepped = waiting->step(); });
  pause.wait_until_inside();
  EXPECT_EQ(other->step().error().kind, ErrorKind::kMisuse);
  EXPECT_EQ(waiting->reset().error().kind, ErrorKind::kMisuse);
  EXPECT_EQ(connection_->prepare_single("SELECT 1").error().kind, ErrorKind::kMisuse);
  EXPECT_EQ(connection_->close().error().kind, ErrorKind::kMisuse);
  EXPECT_EQ(waiting->value_int(0), 0);
  pause.release();
  inside.join();
  ASSERT_TRUE(stepped.has_value());
  EXPECT_EQ(waiting->value_int(0), 1);
  EXPECT_EQ(other->step().value(), StepResult::kRow);
}

TEST_F(PlainThreads, AStatementMayBeReleasedOnAnyThread) {
  Pause pause;
  define("pause", &Pause::run, &pause);
  must(*connection_, "CREATE TABLE t(v); INSERT INTO t VALUES (1), (2)");
  auto half_read = prepare(*connection_, "SELECT v FROM t");
  ASSERT_TRUE(half_read->step().has_value());
  auto waiting = prepare(*connection_, "SELECT pause()");
  std::thread inside([&] { EXPECT_TRUE(waiting->step().has_value()); });
  pause.wait_until_inside();
  half_read.reset();
  pause.release();
  inside.join();
  waiting.reset();
  must(*connection_, "DROP TABLE t");  // no read of it is left open
}

TEST_F(PlainThreads, AnotherThreadMayTakeOverBetweenCalls) {
  must(*connection_, "CREATE TABLE t(v)");
  std::thread([&] { must(*connection_, "INSERT INTO t VALUES (1)"); }).join();
  EXPECT_EQ(rows(*connection_, "SELECT count(*) FROM t").front(), "1");
}

TEST_F(PlainThreads, InterruptEndsARunningStatementFromAnotherThread) {
  Pause pause;
  define("pause", &Pause::run, &pause);
  auto endless = prepare(
      *connection_, "WITH RECURSIVE n(i) AS (SELECT pause() UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
  Result<StepResult> stepped = StepResult::kDone;
  std::thread inside([&] { stepped = endless->step(); });
  pause.wait_until_inside();
  connection_->interrupt();
  pause.release();
  inside.join();
  EXPECT_EQ(stepped.error().kind, ErrorKind::kInterrupt);
  must(*connection_, "SELECT 1");
}

TEST_F(PlainThreads, ClosedMeansMisuseForTheConnectionAndItsStatements) {
  auto select = prepare(*connection_, "SELECT 1");
  ASSERT_TRUE(select->step().has_value());
  ASSERT_TRUE(connection_->close().has_value());
  ASSERT_TRUE(connection_->close().has_value());
  EXPECT_EQ(select->step().error().message, "connection closed");
  EXPECT_EQ(select->step().error().kind, ErrorKind::kMisuse);
  EXPECT_FALSE(select->has_row());
  EXPECT_EQ(connection_->prepare_single("SELECT 1").error().kind, ErrorKind::kMisuse);
  EXPECT_FALSE(connection_->autocommit());
  connection_->interrupt();
}

TEST_F(PlainThreads, CloseRollsBackWhatWasOpen) {
  must(*connection_, "CREATE TABLE t(v); BEGIN; INSERT INTO t VALUES (1)");
  EXPECT_FALSE(connection_->autocommit());
  ASSERT_TRUE(connection_->close().has_value());
  EXPECT_EQ(rows(*connect(open(dir_.path("a"))), "SELECT count(*) FROM t").front(), "0");
}

TEST_F(PlainThreads, AStatementMayOutliveItsConnectionObject) {
  auto select = prepare(*connection_, "SELECT 5");
  connection_.reset();
  ASSERT_EQ(select->step().value(), StepResult::kRow);
  EXPECT_EQ(select->value_int(0), 5);
}

// What a user function tries while a statement of the same connection runs.
struct Intruder {
  Connection* connection = nullptr;
  Statement* running = nullptr;
  std::string read;
  ErrorKind close_kind = ErrorKind::kError;
  ErrorKind step_kind = ErrorKind::kError;

  static void run(sqlite3_context* context, int, sqlite3_value**) {
    auto& self = *static_cast<Intruder*>(sqlite3_user_data(context));
    auto nested = self.connection->prepare_single("SELECT 'nested'");
    if (nested.has_value() && nested.value()->step().has_value())
      self.read = std::string(as_text(nested.value()->value_bytes(0)));
    Status closed = self.connection->close();
    if (!closed.has_value()) self.close_kind = closed.error().kind;
    auto stepped = self.running->step();
    if (!stepped.has_value()) self.step_kind = stepped.error().kind;
    sqlite3_result_null(context);
  }
};

TEST_F(PlainThreads, AFunctionMayReadButNotCloseOrMoveItsOwnStatement) {
  Intruder intruder;
  define("intrude", &Intruder::run, &intruder);
  auto statement = prepare(*connection_, "SELECT intrude()");
  intruder.connection = connection_.get();
  intruder.running = statement.get();
  ASSERT_EQ(statement->step().value(), StepResult::kRow);
  EXPECT_EQ(intruder.read, "nested");
  EXPECT_EQ(intruder.close_kind, ErrorKind::kMisuse);
  EXPECT_EQ(intruder.step_kind, ErrorKind::kMisuse);
}

}  // namespace
}  // namespace turso::database
