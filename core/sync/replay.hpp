// replay.hpp -- the rebase: pending local transactions run again on the pulled image, then the bookkeeping tables
// are made anew in it, so that publishing the image is the whole pull.
//
//   begin()    judges our row in the pulled image and computes the floor: what the pulled pages acknowledge
//   replay()   runs every pending transaction above the floor, each in a savepoint; may be called again under the
//              writer lock for what came since
//   finish()   drops what bears our names in the pulled image, creates and fills the bookkeeping tables, merges
//              user_version and application_id, commits the staging connection
//
// TWO PHASES  begin() and the first replay() may run in a read transaction on P without any lock: the log only
//         grows. Then BEGIN IMMEDIATE on P, replay() again, finish(). The caller keeps `live` inside one of these
//         transactions during each call, and keeps push from running between begin() and finish().
// STAGING  A plain connection on the image (overlay), in which nobody else works; foreign keys as the caller set
//         them. Between begin() and finish() it is inside a transaction of this object; COMMIT; BEGIN between user
//         transactions every limits::kReplayChunkChanges changes bounds the journal's memory.
// FAILURE  The first transaction that cannot run ends the rebase with a typed error: kConflict, subject (table, key,
//         constraint, change id). After every failed statement the caller's `sticky_error` is asked first: a failed
//         read must never look like a rejected change. After any error the staging image is worthless.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "sqlite/connection.hpp"
#include "sync/meta.hpp"

namespace turso::sync {

struct ReplayOptions {
  std::function<Status()> sticky_error;  // the overlay's first failed read or sum; empty: there is none
  bool accept_went_back = false;         // the user accepts a remote that was restored from a backup
  std::shared_ptr<Environment> environment = system_environment();
};

struct ReplayResult {
  std::int64_t floor = 0;  // rows up to this are acknowledged and trimmed
  std::int64_t replayed_through = 0;
  std::int64_t replayed_transactions = 0;
  std::int64_t replayed_changes = 0;
  bool replica_forked = false;               // the pulled row was somebody else's: a new client id was taken
  bool remote_went_back = false;             // and it was accepted
  std::vector<std::string> dropped_objects;  // objects of the pulled image that bore bookkeeping names
};

// What the staged image says about itself.
struct StagedIdentity {
  std::string revision;            // to_rev of the download
  std::int64_t changes_ident = 0;  // its identity, as turso_sync_meta stores it
  std::int64_t last_pull_unix_time = 0;
};

class Replay {
 public:
  // Both connections must outlive the Replay. kConflict `remote_went_back`, `live` untouched, unless accepted.
  static Result<std::unique_ptr<Replay>> begin(sqlite::Connection& staging, sqlite::Connection& live,
                                               ReplayOptions options);
  virtual ~Replay() = default;

  // Runs what is pending above what was replayed already, up to the end of the log that `live` sees.
  virtual Status replay() = 0;

  virtual Status finish(const StagedIdentity& identity) = 0;

  virtual const ReplayResult& result() const = 0;
};

}  // namespace turso::sync
