// connect, stats and checkpoint, which need no host; and P-info, for which a host may have asked to do the IO.
#include <filesystem>

#include "base/limits.hpp"
#include "sync/engine_sql.hpp"
#include "sync/info_file.hpp"
#include "sync/operations.hpp"

namespace turso::sync {
namespace {

std::int64_t file_bytes(const std::string& path) {
  std::error_code failure;
  auto size = std::filesystem::file_size(path, failure);
  return failure ? 0 : static_cast<std::int64_t>(size);
}

// The frames that are in use, with the header of the file; the file itself may be longer.
Result<std::int64_t> wal_bytes(sqlite::Connection& connection) {
  constexpr std::int64_t kWalHeaderBytes = 32;
  constexpr std::int64_t kFrameBytes = 24 + limits::kSyncPageSize;
  int frames = 0;
  int checkpointed = 0;
  int code = sqlite3_wal_checkpoint_v2(connection.handle(), "main", SQLITE_CHECKPOINT_NOOP, &frames, &checkpointed);
  if (code != SQLITE_OK) return connection.error(code);
  return frames <= 0 ? 0 : kWalHeaderBytes + frames * kFrameBytes;
}

Status count_pending(sqlite::Connection& connection, std::int64_t pushed_through, Stats& stats) {
  TURSO_TRY(bool has_log, sqlite::has_object(connection, "table", cdc::kLogTable));
  if (!has_log) return ok();
  TURSO_TRY(stats.cdc_operations, connection.query_int(sql::kCountLogRows, pushed_through));
  TURSO_TRY(stats.pending_changes, connection.query_int(sql::kCountRowChanges, pushed_through));
  TURSO_TRY(stats.pending_transactions, connection.query_int(sql::kCountTransactions, pushed_through));
  TURSO_TRY(std::int64_t oldest, connection.query_int(sql::kOldestChangeTime, pushed_through));
  stats.oldest_pending_unix_time_ms = oldest * 1000;
  TURSO_TRY(bool has_conflicts, sqlite::has_object(connection, "table", cdc::kConflictTable));
  if (has_conflicts) {
    TURSO_TRY(stats.conflicts, connection.query_int(sql::kCountConflicts));
  }
  return ok();
}

Result<Stats> read_stats(Replica& replica) {
  Stats stats;
  TURSO_TRY(Meta meta, replica.meta());
  TURSO_CHECK(count_pending(replica.idle(), meta.pushed_through, stats));
  TURSO_TRY(stats.main_wal_size, wal_bytes(replica.idle()));
  stats.last_pull_unix_time = meta.last_pull_unix_time;
  stats.last_push_unix_time = meta.last_push_unix_time;
  stats.network_sent_bytes = replica.network().sent_bytes;
  stats.network_received_bytes = replica.network().received_bytes;
  stats.revision = meta.revision.value_or("");
  stats.last_compare = replica.last_compare;
  stats.replica_forked = replica.replica_forked || meta.fork_pending;
  stats.remote_went_back = replica.remote_went_back;
  stats.partial_bootstrap_ignored = replica.config().partial_bootstrap;
  stats.main_bytes = file_bytes(replica.files().live);
  stats.base_bytes = file_bytes(replica.files().base) + file_bytes(replica.files().base_info);
  stats.changes_bytes = file_bytes(replica.files().changes);
  stats.last_error = replica.last_error;
  return stats;
}

bool host_keeps_info(const Replica& replica) { return replica.config().async_io && !replica.is_private(); }

Task<Result<std::string>> read_by_host(OperationContext context) {
  auto item = std::make_shared<IoItem>();
  item->kind = IoKind::kFullRead;
  item->file_path = context.replica->files().info;
  IoLease lease(context.queue, item);
  for (;;) {
    IoItem::Progress progress = item->progress();
    if (progress.poison) co_return Error{ErrorKind::kIo, *progress.poison};
    if (progress.done) break;
    co_await Park{};
  }
  Bytes content = item->take(item->progress().buffered_bytes);
  co_return std::string(as_text(content));
}

// A host that cannot write it loses nothing: the facts are in P.
Task<Status> write_by_host(OperationContext context, std::string text) {
  auto item = std::make_shared<IoItem>();
  item->kind = IoKind::kFullWrite;
  item->file_path = context.replica->files().info;
  item->content = to_bytes(text);
  IoLease lease(context.queue, item);
  while (!item->progress().done) co_await Park{};
  co_return ok();
}

}  // namespace

Task<Status> run_connect(OperationContext context) {
  TURSO_CO_CHECK(context.replica->require_open());
  TURSO_CO_TRY(context.outcome->connection, context.replica->database().connect());
  context.outcome->kind = Operation::Result_::kConnection;
  co_return ok();
}

Task<Status> run_stats(OperationContext context) {
  TURSO_CO_CHECK(context.replica->require_open());
  TURSO_CO_TRY(context.outcome->stats, read_stats(*context.replica));
  context.outcome->kind = Operation::Result_::kStats;
  co_return ok();
}

Task<Status> run_checkpoint(OperationContext context) {
  Replica& replica = *context.replica;
  TURSO_CO_CHECK(replica.require_open());
  TURSO_CO_CHECK(replica.own());
  int code = sqlite3_wal_checkpoint_v2(replica.idle().handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) co_return replica.idle().error(code).in("checkpoint");
  co_return ok();
}

Task<Result<std::string>> read_info(OperationContext context) {
  if (!host_keeps_info(*context.replica)) co_return std::string();
  Task<Result<std::string>> reading = read_by_host(context);
  co_return co_await reading;
}

Task<Status> write_info(OperationContext context) {
  Replica& replica = *context.replica;
  if (!replica.owns()) co_return ok();  // it belongs to the process that has the lock
  Result<Meta> meta = replica.meta();
  if (!meta.has_value()) co_return ok();  // what is wrong is told by those who need the facts
  std::string text = info_text(*meta);
  if (host_keeps_info(replica)) {
    Task<Status> writing = write_by_host(context, std::move(text));
    co_return co_await writing;
  }
  discard(write_info(replica.files().info, text), "a derived file; nothing is read from it");
  co_return ok();
}

}  // namespace turso::sync
