// turso_cdc.h over a plain connection: errors in full, interrupt, records.
#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "plain_fixture.hpp"

namespace turso::test {
namespace {

using ::testing::HasSubstr;

class Failure {
 public:
  Failure() { error.struct_size = sizeof(error); }
  Failure(const Failure&) = delete;
  Failure& operator=(const Failure&) = delete;
  ~Failure() { turso_cdc_error_deinit(&error); }
  turso_cdc_error_t error{};
};

TEST_F(PlainAbi, TheLastErrorOfAConnectionIsKnownInFull) {
  auto* connection = connect(open(":memory:"));
  Failure none;
  EXPECT_EQ(turso_cdc_connection_error(connection, &none.error), TURSO_OK);
  EXPECT_EQ(none.error.kind, TURSO_CDC_ERROR_NONE);
  EXPECT_EQ(none.error.message, nullptr);
  ASSERT_EQ(exec(connection, "CREATE TABLE u(y UNIQUE)"), TURSO_DONE);
  ASSERT_EQ(exec(connection, "INSERT INTO u VALUES (1)"), TURSO_DONE);
  ASSERT_EQ(exec(connection, "INSERT INTO u VALUES (1)"), TURSO_CONSTRAINT);
  Failure unique;
  EXPECT_EQ(turso_cdc_connection_error(connection, &unique.error), TURSO_OK);
  EXPECT_EQ(unique.error.kind, TURSO_CDC_ERROR_CONSTRAINT);
  EXPECT_EQ(unique.error.sqlite_code, 2067) << "SQLITE_CONSTRAINT_UNIQUE";
  EXPECT_EQ(unique.error.retryable, 0);
  EXPECT_STREQ(unique.error.message, "UNIQUE constraint failed: u.y");
}

TEST_F(PlainAbi, AFailedOpenIsKeptByTheDatabaseHandle) {
  turso_database_config_t made = config(dir_.path("none/a"));
  const turso_database_t* database = nullptr;
  ASSERT_EQ(turso_database_new(&made, &database, nullptr), TURSO_OK);
  databases_.push_back(database);
  ASSERT_EQ(turso_database_open(database, nullptr), TURSO_IOERR);
  Failure failure;
  EXPECT_EQ(turso_cdc_database_error(database, &failure.error), TURSO_OK);
  EXPECT_EQ(failure.error.kind, TURSO_CDC_ERROR_IO);
}

TEST_F(PlainAbi, AnOlderProgramsSmallerStructureIsFilledAsFarAsItGoes) {
  auto* connection = connect(open(":memory:"));
  ASSERT_EQ(exec(connection, "nonsense"), TURSO_ERROR);
  turso_cdc_error_t error{};
  error.struct_size = offsetof(turso_cdc_error_t, condition);
  error.condition = "mine";
  EXPECT_EQ(turso_cdc_connection_error(connection, &error), TURSO_OK);
  EXPECT_THAT(error.message, HasSubstr("syntax error"));
  EXPECT_STREQ(error.condition, "mine");
  turso_cdc_error_deinit(&error);
  EXPECT_STREQ(error.condition, "mine");
  error.struct_size = 0;
  EXPECT_EQ(turso_cdc_connection_error(connection, &error), TURSO_MISUSE);
}

TEST_F(PlainAbi, KindsHaveNames) {
  EXPECT_STREQ(turso_cdc_error_kind_name(TURSO_CDC_ERROR_NONE), "none");
  EXPECT_STREQ(turso_cdc_error_kind_name(TURSO_CDC_ERROR_BUSY_SNAPSHOT), "busy_snapshot");
  EXPECT_STREQ(turso_cdc_error_kind_name(TURSO_CDC_ERROR_PROTOCOL), "protocol");
}

struct Meeting {
  std::mutex mutex;
  std::condition_variable changed;
  int stage = 0;
  void reach(int now) {
    std::lock_guard lock(mutex);
    stage = now;
    changed.notify_all();
  }
  void wait_for(int wanted) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return stage >= wanted; });
  }
};

turso_value_t meet(std::uintptr_t context, std::int32_t, const turso_value_t*, turso_context_destructor_t,
                   turso_value_destructor_t) {
  auto& meeting = *reinterpret_cast<Meeting*>(context);
  meeting.reach(1);
  meeting.wait_for(2);
  return {};
}

TEST_F(PlainAbi, InterruptFromAnotherThreadEndsTheStatement) {
  auto* connection = connect(open(":memory:"));
  Meeting meeting;
  ASSERT_EQ(
      turso_connection_register_scalar_function(
          connection, "meet", 0, false, reinterpret_cast<std::uintptr_t>(&meeting), meet, nullptr, nullptr, nullptr),
      TURSO_OK);
  std::thread interrupter([&] {
    meeting.wait_for(1);
    EXPECT_EQ(exec(connection, "SELECT 1"), TURSO_MISUSE) << "a second thread inside";
    turso_cdc_connection_interrupt(connection);
    meeting.reach(2);
  });
  EXPECT_EQ(exec(connection, "WITH RECURSIVE n(i) AS (SELECT meet() UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n"),
            TURSO_INTERRUPT);
  interrupter.join();
  EXPECT_EQ(exec(connection, "SELECT 1"), TURSO_DONE);
  turso_cdc_connection_interrupt(nullptr);
}

// header 4 bytes: size, INTEGER of one byte, REAL, TEXT of two bytes.
const unsigned char kRecord[] = {4, 1, 7, 17, 42, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 'h', 'i'};

TEST_F(PlainAbi, ARecordIsDecodedIntoValuesAndNames) {
  auto* connection = connect(open(":memory:"));
  ASSERT_EQ(exec(connection, "CREATE TABLE t(a, b, c)"), TURSO_DONE);
  turso_cdc_record_t* record = nullptr;
  Text error;
  ASSERT_EQ(turso_cdc_record_decode(connection, "t", 1, TURSO_CDC_RECORD_IMAGE, {kRecord, sizeof(kRecord)}, &record,
                                    error.out()),
            TURSO_OK)
      << error.str();
  ASSERT_EQ(turso_cdc_record_count(record), 3);
  EXPECT_STREQ(turso_cdc_record_name(record, 2), "c");
  EXPECT_EQ(turso_cdc_record_name(record, 3), nullptr);
  turso_cdc_value_t value{};
  value.struct_size = sizeof(value);
  ASSERT_EQ(turso_cdc_record_value(record, 0, &value), TURSO_OK);
  EXPECT_EQ(value.type, TURSO_TYPE_INTEGER);
  EXPECT_EQ(value.integer, 42);
  EXPECT_EQ(value.is_set, 1);
  ASSERT_EQ(turso_cdc_record_value(record, 1, &value), TURSO_OK);
  EXPECT_EQ(value.real, 1.5);
  ASSERT_EQ(turso_cdc_record_value(record, 2, &value), TURSO_OK);
  EXPECT_EQ(std::string(static_cast<const char*>(value.bytes.ptr), value.bytes.len), "hi");
  EXPECT_EQ(turso_cdc_record_value(record, 3, &value), TURSO_MISUSE);
  turso_cdc_record_deinit(record);
}

TEST_F(PlainAbi, UpdatesTellWhichColumnsWereSet) {
  // Two columns: flags 1 and 0, values 5 and NULL.
  const unsigned char updates[] = {5, 9, 8, 1, 0, 5};
  turso_cdc_record_t* record = nullptr;
  ASSERT_EQ(turso_cdc_record_decode(nullptr, nullptr, 0, TURSO_CDC_RECORD_UPDATES, {updates, sizeof(updates)}, &record,
                                    nullptr),
            TURSO_OK);
  ASSERT_EQ(turso_cdc_record_count(record), 2);
  EXPECT_EQ(turso_cdc_record_name(record, 0), nullptr) << "no connection, no names";
  turso_cdc_value_t value{};
  value.struct_size = sizeof(value);
  ASSERT_EQ(turso_cdc_record_value(record, 0, &value), TURSO_OK);
  EXPECT_EQ(value.is_set, 1);
  EXPECT_EQ(value.integer, 5);
  ASSERT_EQ(turso_cdc_record_value(record, 1, &value), TURSO_OK);
  EXPECT_EQ(value.is_set, 0);
  turso_cdc_record_deinit(record);
}

TEST_F(PlainAbi, ADamagedRecordIsCorrupt) {
  turso_cdc_record_t* record = nullptr;
  Text error;
  for (std::size_t size = 0; size < sizeof(kRecord); ++size) {
    EXPECT_EQ(turso_cdc_record_decode(nullptr, nullptr, 0, TURSO_CDC_RECORD_IMAGE, {kRecord, size}, &record, nullptr),
              TURSO_CORRUPT)
        << size;
  }
  EXPECT_EQ(turso_cdc_record_decode(nullptr, nullptr, 0, TURSO_CDC_RECORD_IMAGE, {nullptr, 0}, &record, nullptr),
            TURSO_MISUSE);
  EXPECT_EQ(record, nullptr);
  EXPECT_EQ(turso_cdc_record_count(nullptr), -1);
  turso_cdc_record_deinit(nullptr);
}

}  // namespace
}  // namespace turso::test
