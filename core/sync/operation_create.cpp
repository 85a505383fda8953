// create and open: what is at P decides. A replica is opened; where nothing is, one comes into being, downloaded or
// empty; anything else is refused with the choices named, because a bootstrap would destroy it.
//
// ORDER of a bootstrap  P-changes is complete; P appears by rename, with everything a replica needs in it; P-base is
//                       written by the redo that every pull ends with. A crash anywhere leaves nothing, or a replica.
#include "base/log.hpp"
#include "base/text.hpp"
#include "sqlite/overlay_vfs.hpp"
#include "sync/download.hpp"
#include "sync/info_file.hpp"
#include "sync/operations.hpp"
#include "sync/publish.hpp"
#include "sync/replay.hpp"

namespace turso::sync {
namespace {

constexpr std::string_view kDefaultClientName = "turso-sync";

Meta first_meta(Replica& replica) {
  const Config& config = replica.config();
  Meta meta = new_meta(config.client_name.empty() ? kDefaultClientName : config.client_name, replica.environment());
  meta.remote_url = config.remote_url;
  return meta;
}

// A rebase of nothing: takes out what bears our names, makes the bookkeeping tables, says which download it was.
Status fill_downloaded(Replica& replica, sqlite::Connection& staging, sqlite::Overlay& overlay, ChangesFile& changes) {
  TURSO_TRY(sqlite::Connection nothing, sqlite::Connection::open(":memory:", {}));
  TURSO_CHECK(initialize_replica(nothing, first_meta(replica)));
  ReplayOptions options;
  options.sticky_error = [&overlay] { return overlay.error(); };
  options.environment = replica.config().environment;
  TURSO_TRY(auto transaction, sqlite::Transaction::begin(nothing, sqlite::Transaction::Kind::kDeferred));
  TURSO_TRY(auto replay, Replay::begin(staging, nothing, options));
  TURSO_CHECK(replay->replay());
  return replay->finish({.revision = changes.header().to_revision,
                         .changes_ident = static_cast<std::int64_t>(changes.ident()),
                         .last_pull_unix_time = replica.environment().unix_time()});
}

Status fill_empty(Replica& replica, sqlite::Connection& staging) {
  int reserved = static_cast<int>(replica.config().reserved_bytes);
  if (reserved != 0) {
    int code = sqlite3_file_control(staging.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (code != SQLITE_OK) return staging.error(code);
  }
  return initialize_replica(staging, first_meta(replica));
}

// Makes P from the download, or an empty one. Nothing is at P.
Status build_live(Replica& replica, ChangesFile* changes) {
  sqlite::Overlay::Options options;
  if (changes != nullptr) {
    options.page_count = changes->header().db_size;
    options.layers.push_back(changes);
  }
  options.temporary_directory = replica.directory();
  sqlite::Overlay overlay(std::move(options));
  TURSO_TRY(sqlite::Connection staging, overlay.connect());
  TURSO_CHECK(changes != nullptr ? fill_downloaded(replica, staging, overlay, *changes) : fill_empty(replica, staging));
  TURSO_TRY(StagedImage image, seal_staging(std::move(staging), overlay));
  TURSO_CHECK(replica.remove_empty_live());
  return create_live(replica.files(), overlay, image);
}

Task<Status> bootstrap(OperationContext context) {
  Replica& replica = *context.replica;
  DownloadPlan plan;
  plan.chunk_bytes = replica.config().pull_bytes_threshold;
  plan.nonce = replica.environment().random_u64();
  PageSink sink(replica.files().changes, std::move(plan));
  Task<Status> download = download_pages(context.channel(), &sink);
  TURSO_CO_CHECK(co_await download);
  TURSO_CO_CHECK(sink.finish());

  TURSO_CO_TRY(ChangesFile changes, ChangesFile::load(replica.files().changes, limits::kSyncPageSize));
  TURSO_CO_CHECK(build_live(replica, &changes));
  replica.redo_after_commit(changes);
  co_return ok();
}

// Nothing is at P: downloads it, or makes it empty. Needs the lock: two processes must not bootstrap one path.
Task<Status> make_replica(OperationContext context) {
  Replica& replica = *context.replica;
  TURSO_CO_CHECK(replica.own());
  TURSO_CO_TRY(LiveIdentity live, replica.inspect());  // again: another process may have made it meanwhile
  if (live.exists) co_return ok();
  TURSO_CO_CHECK(replica.forget_download());  // of a file that is gone, perhaps from another remote
  if (!replica.config().bootstrap_if_empty) co_return build_live(replica, nullptr);
  Task<Status> downloaded = bootstrap(context);
  co_return co_await downloaded;
}

Status open_replica(Replica& replica) {
  if (Status owned = replica.own(); !owned.has_value()) {
    // Another process works on it, or its facts are damaged: here is SQL with capture; push and pull will say why not.
    ErrorKind kind = owned.error().kind;
    if (kind != ErrorKind::kBusy && kind != ErrorKind::kCorrupt) return owned;
    TURSO_LOG(LogLevel::kInfo, "turso::sync", owned.error().message);
  }
  return replica.open_live();
}

Task<Status> open_or_make(OperationContext context, bool may_make) {
  Replica& replica = *context.replica;
  if (replica.is_open()) co_return ok();  // another handle has opened it
  TURSO_CO_TRY(LiveIdentity live, replica.inspect());
  Task<Result<std::string>> reading = read_info(context);
  TURSO_CO_TRY(std::string info, co_await reading);
  if (!live.exists && is_foreign_info_text(info)) {
    co_return Error{ErrorKind::kConflict,
                    concat(replica.files().live,
                           ": main DB file does not exist, but the metadata "
                           "of another client does (",
                           replica.files().info, "); restore the database file, or remove the metadata")};
  }
  if (!live.exists && !may_make)
    co_return Error{ErrorKind::kError, concat(replica.files().live, ": metadata not found")};
  if (!live.exists) {
    Task<Status> made = make_replica(context);
    TURSO_CO_CHECK(co_await made);
  }
  TURSO_CO_CHECK(open_replica(replica));
  // The first connection that captures makes the tables of the log.
  TURSO_CO_TRY(auto connection, replica.database().connect());
  TURSO_CO_CHECK(connection->close());
  Task<Status> writing = write_info(context);
  co_return co_await writing;
}

}  // namespace

Task<Status> run_create(OperationContext context) { return open_or_make(std::move(context), true); }

Task<Status> run_open(OperationContext context) { return open_or_make(std::move(context), false); }

}  // namespace turso::sync
