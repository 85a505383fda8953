// wait: one download into P-changes. Nothing of it is visible before apply, and while it waits for the server it
// holds no lock, so that push, stats and connect run beside it.
#include "base/file.hpp"
#include "base/text.hpp"
#include "sync/download.hpp"
#include "sync/operations.hpp"

namespace turso::sync {
namespace {

// P-changes as an earlier wait left it, if it still fits.
std::shared_ptr<ChangesFile> kept_download(Replica& replica, bool whole) {
  if (!replica.has_finished_wait) return nullptr;
  Result<ChangesFile> loaded = ChangesFile::load(replica.files().changes, limits::kSyncPageSize);
  if (!loaded.has_value() || (whole && !loaded->header().replace)) {
    replica.has_finished_wait = false;  // the new download takes its name
    return nullptr;
  }
  return std::make_shared<ChangesFile>(std::move(*loaded));
}

// What the next download is: a continuation of the base, or everything.
Result<DownloadPlan> plan_download(Replica& replica, const Meta& meta) {
  DownloadPlan plan;
  plan.nonce = replica.environment().random_u64();
  plan.chunk_bytes = replica.config().pull_bytes_threshold;
  plan.long_poll_timeout_ms = replica.config().long_poll_timeout_ms;
  bool whole = !meta.revision || replica.base_lost;
  if (!whole) {
    Result<BaseFile> base = BaseFile::open(replica.files(), limits::kSyncPageSize, *meta.revision);
    if (!base.has_value() && base.error().kind != ErrorKind::kCorrupt) return std::move(base).error();
    whole = replica.base_lost = !base.has_value();
    if (!whole) {
      plan.from_revision = *meta.revision;
      plan.base_page_count = base->stamp().db_size;
    }
  }
  plan.top_up = kept_download(replica, whole);
  if (plan.top_up != nullptr) {
    plan.from_revision = plan.top_up->header().from_revision;
    plan.long_poll_timeout_ms = 0;  // there is something to apply already
  }
  return plan;
}

// Without a page there is nothing to apply, unless the remote is now an empty database and was none before.
bool is_news(const Replica& replica, const Meta& meta, const PageSink& sink) {
  const Download& download = sink.download();
  if (download.page_count != 0) return true;
  if (meta.revision == download.revision && !replica.base_lost) return false;
  if (!meta.revision) return download.db_size != 0;
  return replica.base_lost || download.db_size != sink.plan().base_page_count;
}

// The revision moved and no page changed: a download of no pages, applied at once by one commit. A writer that is
// in the way costs nothing: the file stays as a finished wait.
Status store_revision(Replica& replica, const Meta& meta, PageSink& sink, std::int64_t unix_time) {
  if (meta.revision == sink.download().revision) {
    discard(replica.update_meta([unix_time](Meta& facts) { facts.last_pull_unix_time = unix_time; }),
            "only a time for stats");
    return ok();
  }
  TURSO_TRY(std::uint64_t ident, sink.finish());
  replica.has_finished_wait = true;
  Status stored = replica.update_meta([&](Meta& facts) {
    facts.revision = sink.download().revision;
    facts.changes_ident = static_cast<std::int64_t>(ident);
    facts.last_pull_unix_time = unix_time;
  });
  if (!stored.has_value() && stored.error().kind == ErrorKind::kBusy) return ok();
  TURSO_CHECK(stored);
  TURSO_TRY(ChangesFile changes, ChangesFile::load(replica.files().changes, limits::kSyncPageSize));
  replica.redo_after_commit(changes);
  return ok();
}

}  // namespace

Task<Status> run_wait(OperationContext context) {
  Replica& replica = *context.replica;
  TURSO_CO_CHECK(replica.require_open());
  TURSO_CO_CHECK(replica.own());
  // P-changes still holds what P-base lacks; a new download must not take its place.
  if (replica.redo_pending) co_return Error(*replica.redo_pending).in("finish the last pull");

  std::int64_t began = replica.environment().unix_time();
  TURSO_CO_TRY(Meta meta, replica.meta());
  TURSO_CO_TRY(DownloadPlan plan, plan_download(replica, meta));
  PageSink sink(replica.files().changes, std::move(plan));
  Task<Status> download = download_pages(context.channel(), &sink);
  Status downloaded = co_await download;
  if (!downloaded.has_value() && downloaded.error().condition == "changes_damaged") {
    // A page of the kept download went bad: without this every later wait would meet it again.
    discard(replica.forget_download(), "the next download takes its name");
  }
  TURSO_CO_CHECK(downloaded);

  const auto& kept = sink.plan().top_up;
  if (is_news(replica, meta, sink)) {
    TURSO_CO_CHECK(sink.finish());
    replica.has_finished_wait = true;
  } else if (kept == nullptr || kept->pages().empty()) {
    TURSO_CO_CHECK(store_revision(replica, meta, sink, began));
    Task<Status> writing = write_info(context);
    TURSO_CO_CHECK(co_await writing);
    context.outcome->kind = Operation::Result_::kChanges;
    co_return ok();
  }
  context.outcome->kind = Operation::Result_::kChanges;
  context.outcome->changes = std::make_shared<FinishedDownload>(context.replica, began);
  co_return ok();
}

}  // namespace turso::sync
