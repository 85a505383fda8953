// turso_sync.h call by call, against a host that is played here: no sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "plain_fixture.hpp"

namespace turso::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string text(turso_slice_ref_t slice) { return {static_cast<const char*>(slice.ptr), slice.len}; }

class SyncAbi : public ::testing::Test {
 protected:
  SyncAbi() : path_(dir_.path("replica")) {
    database_config_.path = path_.c_str();
    config_.path = path_.c_str();
    config_.remote_url = "http://127.0.0.1:1";
    config_.client_name = "abi";
  }
  ~SyncAbi() override {
    for (const turso_sync_operation_t* operation : operations_) turso_sync_operation_deinit(operation);
    turso_sync_database_deinit(database_);
  }

  turso_status_code_t make(std::string* message = nullptr) {
    Text error;
    turso_status_code_t status = turso_sync_database_new(&database_config_, &config_, &database_, error.out());
    if (message != nullptr) *message = error.str();
    return status;
  }

  using Start = turso_status_code_t (*)(const turso_sync_database_t*, const turso_sync_operation_t**, const char**);
  const turso_sync_operation_t* start(Start function) {
    const turso_sync_operation_t* operation = nullptr;
    EXPECT_EQ(function(database_, &operation, nullptr), TURSO_OK);
    operations_.push_back(operation);
    return operation;
  }

  // An operation that needs nothing from the host.
  const turso_sync_operation_t* run(Start function) {
    const turso_sync_operation_t* operation = start(function);
    Text error;
    EXPECT_EQ(turso_sync_operation_resume(operation, error.out()), TURSO_DONE) << error.str();
    return operation;
  }

  void make_offline() {
    ASSERT_EQ(make(), TURSO_OK);
    run(turso_sync_database_create);
  }

  const turso_sync_io_item_t* take() {
    const turso_sync_io_item_t* item = nullptr;
    EXPECT_EQ(turso_sync_database_io_take_item(database_, &item, nullptr), TURSO_OK);
    return item;
  }

  TempDir dir_;
  std::string path_;
  turso_database_config_t database_config_{};
  turso_sync_database_config_t config_{};
  const turso_sync_database_t* database_ = nullptr;
  std::vector<const turso_sync_operation_t*> operations_;
};

TEST_F(SyncAbi, ConfigurationsAreCheckedAndTheOptionIsNamed) {
  std::string message;
  config_.client_name = nullptr;
  EXPECT_EQ(make(&message), TURSO_MISUSE);
  EXPECT_THAT(message, HasSubstr("client_name"));
  config_.client_name = "abi";
  config_.path = "elsewhere";
  EXPECT_EQ(make(&message), TURSO_MISUSE);
  EXPECT_THAT(message, HasSubstr("elsewhere"));
  config_.path = path_.c_str();
  config_.logical_mvcc_pull = true;
  EXPECT_EQ(make(&message), TURSO_ERROR);
  EXPECT_THAT(message, HasSubstr("logical_mvcc_pull"));
  config_.logical_mvcc_pull = false;
  config_.remote_encryption_cipher = "rot13";
  EXPECT_EQ(make(&message), TURSO_ERROR);
  EXPECT_THAT(message, HasSubstr("rot13"));
  config_.remote_encryption_cipher = nullptr;
  config_.long_poll_timeout_ms = -1;
  EXPECT_EQ(make(&message), TURSO_MISUSE);
  config_.long_poll_timeout_ms = 0;
  database_config_.vfs = "memory";
  EXPECT_EQ(make(&message), TURSO_ERROR);
  EXPECT_THAT(message, HasSubstr("vfs"));
  EXPECT_EQ(turso_sync_database_new(nullptr, &config_, &database_, nullptr), TURSO_MISUSE);
}

TEST_F(SyncAbi, AReplicaWithoutARemoteYetHasAConnectionAndStats) {
  make_offline();
  const turso_sync_operation_t* connect = run(turso_sync_database_connect);
  ASSERT_EQ(turso_sync_operation_result_kind(connect), TURSO_ASYNC_RESULT_CONNECTION);
  const turso_sync_changes_t* changes = nullptr;
  EXPECT_EQ(turso_sync_operation_result_extract_changes(connect, &changes), TURSO_MISUSE);
  const turso_connection_t* connection = nullptr;
  ASSERT_EQ(turso_sync_operation_result_extract_connection(connect, &connection), TURSO_OK);
  const turso_connection_t* again = nullptr;
  EXPECT_EQ(turso_sync_operation_result_extract_connection(connect, &again), TURSO_MISUSE);
  turso_statement_t* statement = nullptr;
  ASSERT_EQ(turso_connection_prepare_single(connection, "CREATE TABLE t(v)", &statement, nullptr), TURSO_OK);
  EXPECT_EQ(turso_statement_execute(statement, nullptr, nullptr), TURSO_DONE);
  turso_statement_deinit(statement);
  turso_connection_deinit(connection);

  const turso_sync_operation_t* stats = run(turso_sync_database_stats);
  turso_sync_stats_t basic{};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(turso_sync_operation_result_extract_stats(stats, &basic), TURSO_OK);
  EXPECT_EQ(basic.revert_wal_size, 0);
  EXPECT_EQ(basic.last_pull_unix_time, 0);
  EXPECT_EQ(basic.revision.len, 0U);
  turso_cdc_stats_t more{};
  more.struct_size = sizeof(more);
  EXPECT_EQ(turso_cdc_operation_stats(stats, &more), TURSO_OK);
  EXPECT_GT(more.main_bytes, 0);
  turso_cdc_stats_t direct{};
  direct.struct_size = sizeof(direct);
  EXPECT_EQ(turso_cdc_sync_database_stats(database_, &direct, nullptr), TURSO_OK);
  EXPECT_EQ(direct.pending_changes, more.pending_changes);
}

TEST_F(SyncAbi, ARequestIsReadAndAnsweredByTheRules) {
  make_offline();
  EXPECT_EQ(take(), nullptr);
  const turso_sync_operation_t* wait = start(turso_sync_database_wait_changes);
  EXPECT_EQ(turso_sync_operation_result_kind(wait), TURSO_ASYNC_RESULT_NONE);
  ASSERT_EQ(turso_sync_operation_resume(wait, nullptr), TURSO_IO);
  const turso_sync_io_item_t* item = take();
  ASSERT_NE(item, nullptr);
  EXPECT_EQ(turso_sync_database_io_request_kind(item), TURSO_SYNC_IO_HTTP);
  turso_sync_io_http_request_t request{};
  ASSERT_EQ(turso_sync_database_io_request_http(item, &request), TURSO_OK);
  EXPECT_EQ(text(request.url), "http://127.0.0.1:1");
  EXPECT_EQ(text(request.method), "POST");
  EXPECT_THAT(text(request.path), StartsWith("/"));
  ASSERT_GT(request.headers, 0);
  turso_sync_io_http_header_t header{};
  EXPECT_EQ(turso_sync_database_io_request_http_header(item, 0, &header), TURSO_OK);
  EXPECT_GT(header.key.len, 0U);
  EXPECT_EQ(turso_sync_database_io_request_http_header(item, static_cast<std::size_t>(request.headers), &header),
            TURSO_MISUSE);
  turso_sync_io_full_read_request_t read{};
  EXPECT_EQ(turso_sync_database_io_request_full_read(item, &read), TURSO_MISUSE);

  EXPECT_EQ(turso_sync_database_io_status(item, 99), TURSO_MISUSE);
  EXPECT_EQ(turso_sync_database_io_status(item, 500), TURSO_OK);
  turso_slice_ref_t nothing{nullptr, 0};
  EXPECT_EQ(turso_sync_database_io_push_buffer(item, &nothing), TURSO_OK);
  turso_slice_ref_t broken{nullptr, 3};
  EXPECT_EQ(turso_sync_database_io_push_buffer(item, &broken), TURSO_MISUSE);
  turso_slice_ref_t body{"out of order", 12};
  EXPECT_EQ(turso_sync_database_io_push_buffer(item, &body), TURSO_OK);
  EXPECT_EQ(turso_sync_database_io_done(item), TURSO_OK);
  turso_sync_database_io_item_deinit(item);
  EXPECT_EQ(turso_sync_database_io_step_callbacks(database_, nullptr), TURSO_OK);

  for (int i = 0; i < 2; ++i) {
    Text error;
    EXPECT_EQ(turso_sync_operation_resume(wait, error.out()), TURSO_ERROR);
    EXPECT_THAT(error.str(), HasSubstr("out of order"));
  }
  turso_cdc_error_t failure{};
  failure.struct_size = sizeof(failure);
  ASSERT_EQ(turso_cdc_operation_error(wait, &failure), TURSO_OK);
  EXPECT_EQ(failure.kind, TURSO_CDC_ERROR_SERVER);
  EXPECT_EQ(failure.http_status, 500);
  EXPECT_EQ(failure.retryable, 1);
  turso_cdc_error_deinit(&failure);
  ASSERT_EQ(turso_cdc_sync_database_error(database_, &failure), TURSO_OK);
  EXPECT_EQ(failure.kind, TURSO_CDC_ERROR_SERVER);
  turso_cdc_error_deinit(&failure);
}

TEST_F(SyncAbi, PoisonEndsTheRequestAsANetworkError) {
  make_offline();
  const turso_sync_operation_t* wait = start(turso_sync_database_wait_changes);
  ASSERT_EQ(turso_sync_operation_resume(wait, nullptr), TURSO_IO);
  const turso_sync_io_item_t* item = take();
  EXPECT_EQ(turso_sync_database_io_poison(item, nullptr), TURSO_MISUSE);
  turso_slice_ref_t reason{"connection reset", 16};
  EXPECT_EQ(turso_sync_database_io_poison(item, &reason), TURSO_OK);
  turso_sync_database_io_item_deinit(item);
  Text error;
  EXPECT_EQ(turso_sync_operation_resume(wait, error.out()), TURSO_ERROR);
  EXPECT_THAT(error.str(), HasSubstr("connection reset"));
}

TEST_F(SyncAbi, AnItemGivenBackWithoutAnAnswerEndsItsOperation) {
  make_offline();
  const turso_sync_operation_t* wait = start(turso_sync_database_wait_changes);
  ASSERT_EQ(turso_sync_operation_resume(wait, nullptr), TURSO_IO);
  turso_sync_database_io_item_deinit(take());
  Text error;
  EXPECT_EQ(turso_sync_operation_resume(wait, error.out()), TURSO_ERROR);
  EXPECT_THAT(error.str(), HasSubstr("without an answer"));
}

TEST_F(SyncAbi, AnItemMayOutliveItsDatabase) {
  make_offline();
  const turso_sync_operation_t* wait = start(turso_sync_database_wait_changes);
  ASSERT_EQ(turso_sync_operation_resume(wait, nullptr), TURSO_IO);
  const turso_sync_io_item_t* item = take();
  for (const turso_sync_operation_t* operation : operations_) turso_sync_operation_deinit(operation);
  operations_.clear();
  turso_sync_database_deinit(database_);
  database_ = nullptr;
  EXPECT_EQ(turso_sync_database_io_status(item, 200), TURSO_OK);
  EXPECT_EQ(turso_sync_database_io_done(item), TURSO_OK);
  turso_sync_database_io_item_deinit(item);
}

TEST_F(SyncAbi, OverlapIsMisuseAndMayBeResumedLater) {
  make_offline();
  const turso_sync_operation_t* wait = start(turso_sync_database_wait_changes);
  ASSERT_EQ(turso_sync_operation_resume(wait, nullptr), TURSO_IO);
  const turso_sync_operation_t* checkpoint = start(turso_sync_database_checkpoint);
  Text error;
  EXPECT_EQ(turso_sync_operation_resume(checkpoint, error.out()), TURSO_MISUSE);
  EXPECT_THAT(error.str(), HasSubstr("wait"));
  run(turso_sync_database_stats);
  turso_sync_operation_deinit(operations_[1]);
  operations_.erase(operations_.begin() + 1);
  EXPECT_EQ(turso_sync_operation_resume(checkpoint, nullptr), TURSO_DONE);
}

TEST_F(SyncAbi, ACancelledOperationEndsAsInterrupted) {
  make_offline();
  const turso_sync_operation_t* wait = start(turso_sync_database_wait_changes);
  ASSERT_EQ(turso_sync_operation_resume(wait, nullptr), TURSO_IO);
  turso_cdc_operation_cancel(wait);
  turso_cdc_operation_cancel(nullptr);
  EXPECT_EQ(turso_sync_operation_resume(wait, nullptr), TURSO_INTERRUPT);
  turso_cdc_error_t failure{};
  failure.struct_size = sizeof(failure);
  ASSERT_EQ(turso_cdc_operation_error(wait, &failure), TURSO_OK);
  EXPECT_EQ(failure.kind, TURSO_CDC_ERROR_CANCELLED);
  turso_cdc_error_deinit(&failure);
}

TEST_F(SyncAbi, NothingWorksBeforeCreate) {
  ASSERT_EQ(make(), TURSO_OK);
  for (Start function : {turso_sync_database_connect, turso_sync_database_stats, turso_sync_database_push_changes,
                         turso_sync_database_wait_changes, turso_sync_database_checkpoint}) {
    const turso_sync_operation_t* operation = start(function);
    Text error;
    turso_status_code_t status = turso_sync_operation_resume(operation, error.out());
    EXPECT_TRUE(status == TURSO_ERROR || status == TURSO_MISUSE) << status;
    EXPECT_FALSE(error.str().empty());
  }
}

TEST_F(SyncAbi, NullsAreMisuse) {
  make_offline();
  const turso_sync_operation_t* operation = nullptr;
  EXPECT_EQ(turso_sync_database_apply_changes(database_, nullptr, &operation, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_sync_database_push_changes(database_, nullptr, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_sync_database_push_changes(nullptr, &operation, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_sync_operation_resume(nullptr, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_sync_operation_result_kind(nullptr), TURSO_ASYNC_RESULT_NONE);
  EXPECT_EQ(turso_sync_database_io_take_item(nullptr, nullptr, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_sync_database_io_request_kind(nullptr), TURSO_SYNC_IO_NONE);
  EXPECT_EQ(turso_sync_database_io_done(nullptr), TURSO_MISUSE);
  turso_sync_database_io_item_deinit(nullptr);
  turso_sync_changes_deinit(nullptr);
  turso_sync_operation_deinit(nullptr);
  turso_sync_database_deinit(nullptr);
}

TEST_F(SyncAbi, NamedOptionsAreCheckedWhenTheDatabaseIsMade) {
  turso_cdc_options_t* options = nullptr;
  ASSERT_EQ(turso_cdc_options_new(&options, nullptr), TURSO_OK);
  ASSERT_EQ(turso_cdc_options_set(options, "accept_remote_went_back", "true", nullptr), TURSO_OK);
  ASSERT_EQ(turso_cdc_sync_database_new(&database_config_, &config_, options, &database_, nullptr), TURSO_OK);
  ASSERT_EQ(turso_cdc_options_set(options, "no_such_option", "1", nullptr), TURSO_OK);
  const turso_sync_database_t* refused = nullptr;
  Text error;
  EXPECT_EQ(turso_cdc_sync_database_new(&database_config_, &config_, options, &refused, error.out()), TURSO_MISUSE);
  EXPECT_THAT(error.str(), HasSubstr("no_such_option"));
  EXPECT_THAT(error.str(), HasSubstr("accept_remote_went_back")) << "lists the known ones";
  EXPECT_EQ(turso_cdc_options_set(options, nullptr, "1", nullptr), TURSO_MISUSE);
  turso_cdc_options_deinit(options);
  turso_cdc_options_deinit(nullptr);
}

}  // namespace
}  // namespace turso::test
