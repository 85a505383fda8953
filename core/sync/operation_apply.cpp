// apply: rebases what was not pushed on the downloaded image and publishes the result, steps A1 to A8 of a pull.
//
// Until the COMMIT of the publish P is untouched, whatever happens: BUSY, a conflict, a damaged base, a failed disk.
// After it the pull has happened, whatever happens; what is left is the redo of P-base.
#include "base/file.hpp"
#include "base/text.hpp"
#include "sqlite/overlay_vfs.hpp"
#include "sync/operations.hpp"
#include "sync/publish.hpp"
#include "sync/replay.hpp"

namespace turso::sync {
namespace {

// A WAL above this is cut after a publish: at rest the files of a replica take at most 2.5 times the data plus 8 MiB.
constexpr std::uint64_t kWalBytesMax = 4 * 1024 * 1024;

// Everything of one apply, in the order in which it must go away.
struct Rebase {
  ChangesFile changes;
  std::optional<BaseFile> base;
  std::unique_ptr<sqlite::Overlay> overlay;
  sqlite::Connection staging;
  std::optional<LiveWriter> writer;
};

// Whether an error means that P-base must be downloaded again.
bool is_base_lost(const Error& error) { return error.condition == "base_lost"; }

// A1: the download must continue what P is.
Result<bool> load_download(Replica& replica, const Meta& meta, std::optional<ChangesFile>& changes) {
  if (!replica.has_finished_wait) return false;  // applied already, by an apply of an earlier wait
  Result<ChangesFile> loaded = ChangesFile::load(replica.files().changes, limits::kSyncPageSize);
  if (!loaded.has_value()) {
    if (loaded.error().kind != ErrorKind::kCorrupt) return std::move(loaded).error();
    discard(replica.forget_download(), "the next download takes its name");
    return std::move(loaded).error().in("the download is damaged, wait again");
  }
  const ChangesHeader& header = loaded->header();
  if (!header.replace && header.from_revision != meta.revision) {
    discard(replica.forget_download(), "the next download takes its name");
    return Error{ErrorKind::kConflict,
                 concat(replica.files().changes, ": continues revision ", excerpt(header.from_revision), ", expected ",
                        excerpt(meta.revision.value_or("none")), "; wait again")};
  }
  changes.emplace(std::move(*loaded));
  return true;
}

// A2: the layers, staging over them, and a fresh connection to P.
Status open_rebase(Replica& replica, const Meta& meta, Rebase& rebase) {
  sqlite::Overlay::Options options;
  options.page_count = rebase.changes.header().db_size;
  options.layers.push_back(&rebase.changes);
  if (!rebase.changes.header().replace) {
    TURSO_TRY(BaseFile base, BaseFile::open(replica.files(), limits::kSyncPageSize, meta.revision.value_or("")));
    options.layers.push_back(&rebase.base.emplace(std::move(base)));
  }
  options.temporary_directory = replica.directory();
  rebase.overlay = std::make_unique<sqlite::Overlay>(std::move(options));
  Result<sqlite::Connection> staging = rebase.overlay->connect();
  // What SQLite says of an image that cannot be read is worth less than what the overlay has seen.
  TURSO_CHECK(rebase.overlay->error());
  if (!staging.has_value()) return std::move(staging).error();
  rebase.staging = std::move(*staging);
  TURSO_CHECK(replica.database().configure(rebase.staging.handle()));
  TURSO_TRY(LiveWriter writer, LiveWriter::open(replica.files(), {.busy_timeout_ms = limits::kOperationBusyTimeoutMs}));
  rebase.writer.emplace(std::move(writer));
  return ok();
}

// A3 to A5: what is there is replayed before the writer lock is taken, what came since under it.
Status replay_pending(Replica& replica, const Meta& meta, std::int64_t unix_time, Rebase& rebase) {
  ReplayOptions options;
  options.sticky_error = [&rebase] { return rebase.overlay->error(); };
  options.accept_went_back = replica.options.accept_remote_went_back;
  options.environment = replica.config().environment;
  sqlite::Connection& live = rebase.writer->connection();
  TURSO_TRY(auto reading, sqlite::Transaction::begin(live, sqlite::Transaction::Kind::kDeferred));
  TURSO_TRY(auto replay, Replay::begin(rebase.staging, live, options));
  TURSO_CHECK(replay->replay());
  TURSO_CHECK(reading.commit());

  TURSO_CHECK(rebase.writer->begin());
  TURSO_TRY(std::optional<Meta> now, load_meta(live));
  if (!now || now->revision != meta.revision) {
    return Error{ErrorKind::kBusy,
                 concat(replica.files().live, ": another process has applied a pull meanwhile; wait again")};
  }
  TURSO_CHECK(replay->replay());
  TURSO_CHECK(replay->finish({.revision = rebase.changes.header().to_revision,
                              .changes_ident = static_cast<std::int64_t>(rebase.changes.ident()),
                              .last_pull_unix_time = unix_time}));
  replica.replica_forked = replica.replica_forked || replay->result().replica_forked;
  replica.remote_went_back = false;  // accepted, or never seen
  return ok();
}

// A6 and A7.
Result<Published> publish(Rebase& rebase) {
  TURSO_TRY(StagedImage image, seal_staging(std::move(rebase.staging), *rebase.overlay));
  return rebase.writer->publish(*rebase.overlay, image, rebase.changes.ident());
}

// After the COMMIT: what became of it decides how to go on.
Status settle(Replica& replica, Published& published, Rebase& rebase) {
  switch (published.outcome) {
    case Published::Outcome::kCommitted:
      replica.has_finished_wait = false;
      replica.base_lost = false;
      replica.last_compare = Compare::kFull;
      replica.redo_after_commit(rebase.changes);
      checkpoint_after_publish(replica.idle(), replica.files(), kWalBytesMax);
      return ok();
    case Published::Outcome::kNotCommitted: break;
    case Published::Outcome::kUnknown: replica.recover_before_next(); break;
  }
  TURSO_ASSERT(published.error.has_value());
  return *published.error;
}

Status note_failure(Replica& replica, Status status) {
  if (status.has_value()) return status;
  const Error& error = status.error();
  if (error.condition == "remote_went_back") replica.remote_went_back = true;
  if (error.condition == "replica_forked") replica.replica_forked = true;
  bool download_damaged = error.condition == "changes_damaged";
  if (!is_base_lost(error) && !download_damaged) return status;
  // A continuation of a base that is gone is worth nothing, and a page that went bad stays bad.
  if (!download_damaged) replica.base_lost = true;
  discard(replica.forget_download(), "the next download takes its name");
  return std::move(status).error().in(download_damaged ? "the download is damaged, wait again"
                                                       : "the next pull downloads a complete image");
}

Status rebase_and_publish(Replica& replica, std::int64_t unix_time) {
  TURSO_TRY(Meta meta, replica.meta());
  std::optional<ChangesFile> changes;
  TURSO_TRY(bool found, load_download(replica, meta, changes));
  if (!found) return ok();
  Rebase rebase{std::move(*changes), std::nullopt, nullptr, {}, std::nullopt};
  TURSO_CHECK(open_rebase(replica, meta, rebase));
  TURSO_CHECK(replay_pending(replica, meta, unix_time, rebase));
  TURSO_TRY(Published published, publish(rebase));
  return settle(replica, published, rebase);
}

}  // namespace

Task<Status> run_apply(OperationContext context, std::shared_ptr<Changes> changes) {
  Replica& replica = *context.replica;
  TURSO_CO_CHECK(replica.require_open());
  auto download = std::dynamic_pointer_cast<FinishedDownload>(changes);
  changes.reset();
  if (download == nullptr) co_return Error{ErrorKind::kMisuse, "apply: changes are null"};
  if (download->replica.lock() != context.replica) {
    co_return Error{ErrorKind::kMisuse,
                    concat("apply: the changes are of another database than ", replica.config().path)};
  }
  TURSO_CO_CHECK(replica.own());
  if (replica.redo_pending) co_return Error(*replica.redo_pending).in("finish the last pull");
  TURSO_CO_CHECK(note_failure(replica, rebase_and_publish(replica, download->unix_time)));
  Task<Status> writing = write_info(context);
  co_return co_await writing;
}

}  // namespace turso::sync
