#include "sync/replica_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "cdc/names.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/shim_vfs.hpp"
#include "sync/storage_sql.hpp"

namespace turso::sync {

ReplicaFiles::ReplicaFiles(const std::string& live_path)
    : live(live_path),
      wal(live_path + "-wal"),
      shm(live_path + "-shm"),
      base(live_path + "-base"),
      base_info(live_path + "-base-info"),
      changes(live_path + "-changes"),
      changes_tmp(live_path + "-changes.tmp"),
      live_new(live_path + "-new"),
      info(live_path + "-info"),
      lock(live_path + "-lock") {}

// ---- what P says --------------------------------------------------------------------------------------------

Result<LiveIdentity> read_live_identity(const ReplicaFiles& files) {
  LiveIdentity identity;
  identity.exists = file_exists(files.live);
  if (!identity.exists) return identity;
  sqlite::Connection::Options options;
  options.create = false;
  options.busy_timeout_ms = limits::kInternalBusyTimeoutMs;
  options.vfs = sqlite::shim_vfs();
  TURSO_TRY(sqlite::Connection connection, sqlite::Connection::open(files.live, options));
  // Closing the last connection would checkpoint, and a full disk is no reason to fail here.
  sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  TURSO_TRY(sqlite::Transaction snapshot, sqlite::Transaction::begin(connection, sqlite::Transaction::Kind::kDeferred));
  TURSO_TRY(identity.has_meta, sqlite::has_object(connection, "table", cdc::kMetaTable));
  if (!identity.has_meta) return identity;
  TURSO_TRY(Value revision, connection.query_value(sql::kReadFact, Value(cdc::meta::kRevision)));
  TURSO_TRY(Value ident, connection.query_value(sql::kReadFact, Value(cdc::meta::kChangesIdent)));
  if (revision.type() == ValueType::kText) identity.revision = std::string(revision.text());
  if (ident.type() == ValueType::kInteger) identity.changes_ident = static_cast<std::uint64_t>(ident.integer());
  return identity;
}

// ---- recovery -----------------------------------------------------------------------------------------------

RecoveryPlan decide_recovery(const RecoveryFacts& facts) {
  using Download = RecoveryFacts::Download;
  const LiveIdentity& live = facts.live;
  bool valid = facts.download == Download::kValid;
  bool synced = live.exists && live.revision.has_value();
  RecoveryPlan plan;
  plan.base_lost = synced && facts.base != BaseCondition::kOk;

  if (valid && synced && live.changes_ident == facts.ident && *live.revision == facts.to_revision) {
    plan.redo = facts.replace || facts.base != BaseCondition::kMissing;
    plan.delete_download = !plan.redo;
    plan.base_lost = !plan.redo;
    return plan;
  }
  bool differs = live.changes_ident != facts.ident;
  bool continues = synced && *live.revision == facts.from_revision && facts.base == BaseCondition::kOk;
  plan.finished_wait = valid && differs && (facts.replace || continues);
  plan.delete_download = facts.download != Download::kNone && !plan.finished_wait;
  return plan;
}

namespace {

Result<RecoveryFacts> observe(const ReplicaFiles& files, std::uint32_t page_size, std::optional<ChangesFile>& changes) {
  RecoveryFacts facts;
  TURSO_TRY(facts.live, read_live_identity(files));
  if (file_exists(files.changes)) {
    auto loaded = ChangesFile::load(files.changes, page_size);
    if (loaded.has_value()) {
      changes = std::move(loaded).value();
      facts.download = RecoveryFacts::Download::kValid;
      facts.replace = changes->header().replace;
      facts.ident = changes->ident();
      facts.from_revision = changes->header().from_revision;
      facts.to_revision = changes->header().to_revision;
    } else if (loaded.error().kind == ErrorKind::kCorrupt) {
      facts.download = RecoveryFacts::Download::kInvalid;
    } else {
      return loaded.error();
    }
  }
  if (!file_exists(files.base) || !file_exists(files.base_info)) return facts;
  auto base = BaseFile::open(files, page_size, facts.live.revision.value_or(std::string()));
  if (base.has_value())
    facts.base = BaseCondition::kOk;
  else if (base.error().kind == ErrorKind::kCorrupt)
    facts.base = BaseCondition::kDamaged;
  else
    return base.error();
  return facts;
}

}  // namespace

Result<Recovered> recover_replica(const ReplicaFiles& files, std::uint32_t page_size) {
  TURSO_CHECK(remove_file(files.changes_tmp));
  TURSO_CHECK(remove_file(files.live_new));
  std::optional<ChangesFile> changes;
  Recovered recovered;
  TURSO_TRY(recovered.facts, observe(files, page_size, changes));
  recovered.live = recovered.facts.live;
  RecoveryPlan plan = decide_recovery(recovered.facts);
  recovered.base_lost = plan.base_lost;
  if (plan.redo) {
    Status redone = redo(files, *changes);
    recovered.redo_done = redone.has_value();
    if (!redone.has_value() && redone.error().kind == ErrorKind::kCorrupt) {
      recovered.base_lost = true;
      plan.delete_download = true;
    } else if (!redone.has_value()) {
      recovered.redo_pending = redone.error();
    }
  }
  if (plan.delete_download) TURSO_CHECK(remove_file(files.changes));
  if (plan.finished_wait) recovered.finished_wait = std::move(changes);
  return recovered;
}

// ---- the lock -----------------------------------------------------------------------------------------------

namespace {

Result<File> lock_file(const std::string& path) {
  TURSO_TRY(File file, File::open(path, File::Mode::kCreateReadWrite));
#ifdef F_OFD_SETLK
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_len = 1;
  int code = ::fcntl(file.descriptor(), F_OFD_SETLK, &range);
#else
  int code = ::flock(file.descriptor(), LOCK_EX | LOCK_NB);
#endif
  if (code == 0) return file;
  if (errno != EAGAIN && errno != EACCES && errno != EWOULDBLOCK) return io_error("lock", path, errno);
  Error error{ErrorKind::kBusy, concat(path, ": another process syncs this database")};
  error.condition = "replica_locked";
  return error;
}

}  // namespace

Result<ReplicaLock> ReplicaLock::acquire(const ReplicaFiles& files) {
  ReplicaLock lock;
  lock.path_ = files.lock;
  TURSO_TRY(lock.file_, lock_file(files.lock));
  lock.process_id_ = ::getpid();
  return lock;
}

Status ReplicaLock::ensure() {
  if (held()) return ok();
  TURSO_ASSERT(!path_.empty());
  file_ = File();  // the inherited one: closing it does not unlock, the parent has it open as well
  TURSO_TRY(file_, lock_file(path_));
  process_id_ = ::getpid();
  return ok();
}

bool ReplicaLock::held() const { return file_.is_open() && process_id_ == ::getpid(); }

}  // namespace turso::sync
