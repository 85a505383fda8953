// publish.hpp -- makes P equal to the staged image, in one WAL transaction, through sqlite_dbpage.
//
// The caller's flow of one pull:
//   load P-changes, open the base (unless REPLACE)      ChangesFile::load, BaseFile::open
//   sqlite::Overlay over {changes, base}; staging = overlay.connect()
//   LiveWriter w = LiveWriter::open(...)                 fresh for every pull, never used again (R5)
//   replay what is there, in a read transaction on w     no lock held
//   w.begin()                                            BEGIN IMMEDIATE; kBusy: nothing has changed
//   read revision and log rows on w.connection(), replay the rest, write the bookkeeping, COMMIT staging
//   image = seal_staging(move(staging), overlay)         sticky error, page count, schema signature
//   published = w.publish(overlay, image, ident)         compare, write, commit, close
//   redo(files, changes)                                 when published
// A first contact without P: the same without w, and create_live() in place of publish.
//
// What must stay true (overlay.md section 4):
//   - nothing but dbpage writes after the first of them, page 1 last; shrinking is (1, page), (N+1, NULL) in
//     ONE statement; N is what the header of the image says, not the size of the overlay.
//   - autovacuum is held off by sqlite3_autovacuum_pages: it would drop pages of the half-new file, silently.
//   - the schema cookie stays iff the schema is the same (signature), else it rises above both.
//   - commit at synchronous=FULL. A COMMIT that failed may still come back after a crash: P-changes is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/overlay_vfs.hpp"
#include "sync/replica_files.hpp"

namespace turso::sync {

// What staging produced, taken after its last COMMIT.
struct StagedImage {
  std::uint32_t page_count = 0;        // the header's, N
  std::uint64_t schema_signature = 0;  // of format, encoding and all rows of sqlite_schema
};

// Checks the sticky error, takes what publish needs, closes the staging connection. All its statements must
// be finalized and its transaction committed.
Result<StagedImage> seal_staging(sqlite::Connection staging, sqlite::Overlay& overlay);

struct Published {
  enum class Outcome : std::uint8_t {
    kCommitted,     // P is the image: the pull has happened
    kNotCommitted,  // P is what it was; P-changes must be kept all the same
    kUnknown,       // P could not be read again after a failed COMMIT; keep P-changes, recover at the next open
  };
  Outcome outcome = Outcome::kNotCommitted;
  std::optional<Error> error;  // why it is not kCommitted; also set when a COMMIT failed and had happened
  std::uint32_t pages_compared = 0;
  std::uint32_t pages_written = 0;
  bool schema_changed = false;  // the cookie moved
};

// W: a connection to P for exactly one publish.
class LiveWriter {
 public:
  struct Options {
    std::uint32_t page_size = limits::kSyncPageSize;
    int busy_timeout_ms = limits::kInternalBusyTimeoutMs;
  };

  // Refuses, before anything is written, a P of another page size (condition "page_size"). A P that is not in
  // WAL mode is switched to it, or refused.
  static Result<LiveWriter> open(const ReplicaFiles& files, const Options& options);

  LiveWriter(LiveWriter&&) noexcept = default;
  LiveWriter& operator=(LiveWriter&&) noexcept = default;

  // For reads of the caller before publish(); all statements must be finalized or reset by then.
  sqlite::Connection& connection() { return connection_; }

  Status begin();   // BEGIN IMMEDIATE; the caller's read transaction must have ended
  void rollback();  // and closes: nothing has changed

  // Needs begin(). `ident` is what the image's turso_sync_meta holds as changes_ident: it tells, after a COMMIT
  // that failed, whether it happened. An Error: refused or failed before COMMIT, P untouched (also kBusy).
  // Whatever the answer, this object is closed.
  Result<Published> publish(sqlite::Overlay& overlay, const StagedImage& image, std::uint64_t ident);

 private:
  LiveWriter(ReplicaFiles files, sqlite::Connection connection, const Options& options);

  ReplicaFiles files_;
  sqlite::Connection connection_;
  Options options_;
};

// Writes the staged image as a new P: complete, in WAL mode and durable before the name P exists; stale -wal
// and -shm of a P that was deleted are removed first. kMisuse when P is there.
Status create_live(const ReplicaFiles& files, sqlite::Overlay& overlay, const StagedImage& image);

// After a publish, on the engine's idle connection: PASSIVE, and TRUNCATE when the WAL is above its limit.
// A checkpoint that somebody's snapshot prevents is no error.
void checkpoint_after_publish(sqlite::Connection& idle, const ReplicaFiles& files, std::uint64_t wal_bytes_max);

}  // namespace turso::sync
