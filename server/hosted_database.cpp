#include "server/hosted_database.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cdc/names.hpp"
#include "server/server_sql.hpp"

namespace turso::server {
namespace {

using sqlite::Connection;
using sqlite::Statement;

// How often a snapshot is tried beside other programs that commit, before they are kept out for a moment.
constexpr int kSnapshotTries = 3;

Error refuse_bookkeeping(const std::string& path, const std::string& name) {
  return Error{ErrorKind::kSchema,
               concat(path, ": contains ", name,
                      ", a table of a replica's own bookkeeping; serve a database without it, or have it stripped")};
}

}  // namespace

Result<std::optional<std::pair<std::string, std::string>>> find_bookkeeping(Connection& connection) {
  using Found = std::optional<std::pair<std::string, std::string>>;
  TURSO_TRY(Statement candidates, connection.prepare(sql::kBookkeepingCandidates));
  for (;;) {
    TURSO_TRY(bool row, candidates.step());
    if (!row) return Found{};
    std::string name(candidates.column_text(1));
    if (cdc::is_bookkeeping_table(name)) return Found{{std::string(candidates.column_text(0)), name}};
  }
}

Status Snapshot::read_page(std::uint32_t page, MutableByteView out) {
  TURSO_CHECK(read_page_.bind_int(1, page));
  TURSO_TRY(bool row, read_page_.step());
  ByteView image = row ? read_page_.column_blob(0) : ByteView{};
  bool whole = image.size() == out.size();
  if (whole) std::copy(image.begin(), image.end(), out.begin());
  std::size_t found = image.size();
  read_page_.reset();
  if (!whole) return Error{ErrorKind::kCorrupt, concat("page ", page, " is ", found, " bytes, expected ", out.size())};
  return ok();
}

HostedDatabase::HostedDatabase(std::string path, HostOptions options, std::shared_ptr<Environment> environment,
                               PageMap map)
    : path_(std::move(path)), options_(options), environment_(std::move(environment)), map_(std::move(map)) {
  tracker_ = std::make_shared<sqlite::WalTracker>(sqlite::wal_path_of(path_), limits::kSyncPageSize);
  watch_.emplace(tracker_);
}

HostedDatabase::~HostedDatabase() = default;

Result<std::unique_ptr<HostedDatabase>> HostedDatabase::open(const std::string& path, const HostOptions& options,
                                                             std::shared_ptr<Environment> environment) {
  TURSO_TRY(PageMap map, PageMap::open(path + "-pages", path, *environment));
  std::unique_ptr<HostedDatabase> database(new HostedDatabase(path, options, std::move(environment), std::move(map)));
  Status prepared = database->prepare_file();
  if (!prepared.has_value()) return std::move(prepared.error()).in(path);
  return database;
}

Status HostedDatabase::prepare_file() {
  TURSO_TRY(keeper_, connect(limits::kInternalBusyTimeoutMs));
  TURSO_CHECK(check_format());
  TURSO_TRY(auto found, find_bookkeeping(keeper_));
  if (found && !options_.strip_bookkeeping) return refuse_bookkeeping(path_, found->second);
  TURSO_TRY(std::uint64_t frames, sqlite::committed_wal_frames(keeper_));
  // Somebody may have written between the look at the file and our opening it.
  if (frames != 0 || found || !map_.describes(path_)) map_.begin_lineage(*environment_, 0);
  TURSO_CHECK(map_.mark_open());

  TURSO_TRY(Value mode, keeper_.query_value(sql::kSetWal));
  if (mode.type() != ValueType::kText || mode.text() != "wal")
    return Error{ErrorKind::kError, concat("journal mode is ", mode.to_sql(), ", expected wal")};
  while (found) {
    TURSO_CHECK(keeper_.exec(concat("DROP ", found->first, " ", sqlite::identifier(found->second))));
    TURSO_TRY(found, find_bookkeeping(keeper_));
  }
  return begin_tracking();
}

Status HostedDatabase::check_format() {
  TURSO_CHECK(keeper_.exec(sql::kSetPageSize));
  TURSO_TRY(std::int64_t page_size, keeper_.query_int(sql::kPageSize));
  if (page_size != limits::kSyncPageSize)
    return Error{ErrorKind::kError, concat("page size is ", page_size, ", expected ", limits::kSyncPageSize)};
  TURSO_TRY(Value encoding, keeper_.query_value(sql::kEncoding));
  if (encoding.type() != ValueType::kText || encoding.text() != "UTF-8")
    return Error{ErrorKind::kError, concat("text encoding is ", encoding.to_sql(), ", expected 'UTF-8'")};
  return ok();
}

Status HostedDatabase::begin_tracking() {
  TURSO_TRY(FileStamp stamp, stamp_of(path_));
  inode_ = stamp.inode;
  TURSO_TRY(data_version_, keeper_.query_int(sql::kDataVersion));
  TURSO_TRY(std::uint64_t frames, sqlite::committed_wal_frames(keeper_));
  TURSO_CHECK(tracker_->start(frames));
  TURSO_TRY(std::int64_t page_count, keeper_.query_int(sql::kPageCount));
  map_.set_page_count(static_cast<std::uint32_t>(page_count));
  return ok();
}

Status HostedDatabase::begin_new_lineage() {
  TURSO_LOG(LogLevel::kWarn, "turso::server",
            concat(path_, ": its log was begun anew by another program; a new lineage begins"));
  // Started first, counted second: what is committed in between is absorbed later, as a change.
  TURSO_TRY(std::uint64_t frames, sqlite::committed_wal_frames(keeper_));
  TURSO_CHECK(tracker_->start(frames));
  TURSO_TRY(std::int64_t page_count, keeper_.query_int(sql::kPageCount));
  map_.begin_lineage(*environment_, static_cast<std::uint32_t>(page_count));
  return ok();
}

Result<Connection> HostedDatabase::connect(int busy_timeout_ms) {
  Connection::Options options;
  options.busy_timeout_ms = busy_timeout_ms;
  options.vfs = sqlite::wal_watch_vfs();
  TURSO_TRY(Connection connection, Connection::open(path_, options));
  TURSO_CHECK(connection.exec(sql::kServerConnection));
  return connection;
}

Result<bool> HostedDatabase::absorb() {
  // Read first: what is committed after this moves it again, so that nothing falls between the two.
  TURSO_TRY(std::int64_t data_version, keeper_.query_int(sql::kDataVersion));
  TURSO_TRY(std::uint64_t frames, sqlite::committed_wal_frames(keeper_));
  TURSO_CHECK(tracker_->absorb(frames));
  if (frames < checkpointed_frames_) checkpointed_frames_ = 0;  // the log was begun anew
  TURSO_TRY(std::int64_t counted, keeper_.query_int(sql::kPageCount));
  // Nothing fails from here on but the new lineage, which is then tried again.
  sqlite::WalTracker::Seen seen = tracker_->take(frames);
  if (tracker_->broken() || (data_version != data_version_ && seen.pages.empty())) {
    TURSO_CHECK(begin_new_lineage());
    data_version_ = data_version;
    return true;
  }
  data_version_ = data_version;
  if (seen.pages.empty()) return false;
  auto page_count = static_cast<std::uint32_t>(counted);
  std::uint32_t smallest = std::min({map_.page_count(), seen.smallest_size.value_or(page_count), page_count});
  map_.advance(seen.pages, smallest, page_count);
  return true;
}

Status HostedDatabase::begin_log() {
  TURSO_TRY(sqlite::Transaction lock, sqlite::Transaction::begin(keeper_, sqlite::Transaction::Kind::kImmediate));
  TURSO_TRY(std::int64_t data_version, keeper_.query_int(sql::kDataVersion));
  if (data_version != data_version_) {
    lock.rollback();
    TURSO_CHECK(absorb());
    return ok();
  }
  TURSO_TRY(std::int64_t user_version, keeper_.query_int(sql::kUserVersion));
  TURSO_CHECK(keeper_.exec(concat(sql::kSetUserVersion, user_version)));
  return lock.commit();
}

Result<std::shared_ptr<Snapshot>> HostedDatabase::snapshot() {
  TURSO_CHECK(absorb());
  for (int attempt = 0; attempt < kSnapshotTries; ++attempt) {
    TURSO_TRY(std::shared_ptr<Snapshot> snapshot, open_snapshot());
    snapshot->revision = map_.revision();
    // If nothing was committed until now, nothing was between the last look and the snapshot.
    TURSO_TRY(bool moved, absorb());
    if (!moved) return snapshot;
  }
  // Somebody writes without a pause. Under the write lock nothing is committed in between.
  TURSO_TRY(Connection gate, connect(limits::kInternalBusyTimeoutMs));
  sqlite3_busy_handler(gate.handle(), sqlite::try_again_soon, nullptr);
  TURSO_TRY(sqlite::Transaction lock, sqlite::Transaction::begin(gate, sqlite::Transaction::Kind::kImmediate));
  TURSO_CHECK(absorb());
  TURSO_TRY(std::shared_ptr<Snapshot> snapshot, open_snapshot());
  snapshot->revision = map_.revision();
  return snapshot;
}

Result<std::shared_ptr<Snapshot>> HostedDatabase::open_snapshot() {
  TURSO_TRY(Connection connection, connect(limits::kInternalBusyTimeoutMs));
  TURSO_CHECK(connection.run(sql::kBegin));
  TURSO_TRY(std::int64_t cookie, connection.query_int(sql::kSchemaVersion));  // the read transaction begins here
  TURSO_TRY(std::int64_t page_count, connection.query_int(sql::kPageCount));
  if (cookie != checked_schema_) {
    TURSO_TRY(auto found, find_bookkeeping(connection));
    if (found) return refuse_bookkeeping(path_, found->second);
    checked_schema_ = cookie;
  }
  bool empty = page_count == 0;
  if (page_count == 1 && map_.changed_at(1) == 0) {
    TURSO_TRY(std::int64_t objects, connection.query_int(sql::kCountSchema));
    TURSO_TRY(std::int64_t user_version, connection.query_int(sql::kUserVersion));
    TURSO_TRY(std::int64_t application_id, connection.query_int(sql::kApplicationId));
    empty = objects == 0 && user_version == 0 && application_id == 0;
  }
  TURSO_TRY(Statement read_page, connection.prepare(sql::kReadPage));
  auto snapshot = std::make_shared<Snapshot>(std::move(connection), std::move(read_page));
  snapshot->page_count = static_cast<std::uint32_t>(page_count);
  snapshot->empty = empty;
  return snapshot;
}

void HostedDatabase::checkpoint_if_due() {
  auto frames = sqlite::committed_wal_frames(keeper_);
  if (!frames.has_value() || *frames < checkpointed_frames_ + limits::kServerCheckpointFrames) return;
  checkpointed_frames_ = *frames;
  int code = sqlite3_wal_checkpoint_v2(keeper_.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code != SQLITE_OK)
    TURSO_LOG(LogLevel::kWarn, "turso::server", concat(path_, ": checkpoint: ", keeper_.error(code).message));
}

bool HostedDatabase::replaced() const {
  auto now = stamp_of(path_);
  return !now.has_value() || now->inode != inode_;
}

Status HostedDatabase::close() {
  // First everything is in the file, so that closing changes nothing in it; then the file is stamped; then
  // one more look shows that nobody wrote before the stamp. Whoever writes after it changes the file's times.
  // Another program that reads or writes keeps its log, and the map stays marked open.
  TURSO_CHECK(absorb());
  // Where another file stands at the path, the log there is still the old one's and must not be replayed on it.
  int mode = replaced() ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  sqlite3_wal_checkpoint_v2(keeper_.handle(), "main", mode, nullptr, nullptr);
  TURSO_TRY(FileStamp stamp, stamp_of(path_));
  bool ours = stamp.inode == inode_;
  if (ours) wait_until_past(stamp);
  TURSO_CHECK(absorb());
  TURSO_CHECK(keeper_.close());
  watch_.reset();
  return ours ? map_.close_clean(path_, stamp) : ok();
}

}  // namespace turso::server
