// replica_files.hpp -- the files of a replica at P, the lock on it, and what to do with them at open.
//
//   P, P-wal, P-shm   live database: opened by SQLite only, never with open() of our own
//   P-base            pages 1..db_size of the remote at the synced revision, byte for byte
//   P-base-info       stamp of the base, one sum per page            (base_file.hpp)
//   P-changes         one complete download                          (changes_file.hpp)
//   P-changes.tmp     a download that is arriving; deleted at open
//   P-new             P while a bootstrap writes it; deleted at open
//   P-info            derived, for people and other tools
//   P-lock            an open-file-description lock on byte 0; never unlinked
//
// RECOVERY AT OPEN (P opened by SQLite before, so that its own WAL recovery has run). "ident" is what
// turso_sync_meta in P says about the download it was made from.
//
//   P-changes                                    base                  action
//   none                                         ok, stamp = revision  nothing
//   none                                         anything else         base lost
//   valid, ident = P's, to_rev = P's revision    both files there      redo, unlink
//   same                                         one is missing        base lost, delete P-changes
//   same, REPLACE                                any                   redo (it makes base and sums anew), unlink
//   valid, REPLACE, ident differs                any                   keep as a finished wait
//   valid, from_rev = P's revision, ident differs  ok                  keep as a finished wait
//   same                                         not ok                base lost, delete P-changes
//   valid, neither                               by stamp              delete, then as "none"
//   invalid                                      by stamp              delete, then as "none"
// A live file that was never synced (no revision) has no base: that is not a lost one. A missing P keeps a
// REPLACE download as a finished wait (an interrupted bootstrap) and loses everything else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "sync/base_file.hpp"
#include "sync/changes_file.hpp"

namespace turso::sync {

struct ReplicaFiles {
  explicit ReplicaFiles(const std::string& live_path);

  std::string live;
  std::string wal;
  std::string shm;
  std::string base;
  std::string base_info;
  std::string changes;
  std::string changes_tmp;
  std::string live_new;
  std::string info;
  std::string lock;
};

// What P says of itself, read through SQLite on a fresh connection.
struct LiveIdentity {
  bool exists = false;                         // P is there; false: everything below is empty
  bool has_meta = false;                       // it has turso_sync_meta
  std::optional<std::string> revision;         // nothing: never synced
  std::optional<std::uint64_t> changes_ident;  // nothing: never synced
};
Result<LiveIdentity> read_live_identity(const ReplicaFiles& files);

enum class BaseCondition : std::uint8_t {
  kOk,       // and its stamp is P's revision
  kDamaged,  // both files are there, but not ok for P's revision
  kMissing,  // P-base or P-base-info is not there
};

struct RecoveryFacts {
  enum class Download : std::uint8_t { kNone, kInvalid, kValid };

  LiveIdentity live;
  Download download = Download::kNone;
  bool replace = false;  // of a valid download, like the next three
  std::uint64_t ident = 0;
  std::string from_revision;
  std::string to_revision;
  BaseCondition base = BaseCondition::kMissing;
};

struct RecoveryPlan {
  bool redo = false;
  bool delete_download = false;
  bool finished_wait = false;  // P-changes can be applied without a new download
  bool base_lost = false;      // the next pull downloads a complete image
};

// The table above. Pure.
RecoveryPlan decide_recovery(const RecoveryFacts& facts);

struct Recovered {
  LiveIdentity live;
  bool base_lost = false;
  bool redo_done = false;
  std::optional<Error> redo_pending;         // the redo failed; try again before the next wait
  std::optional<ChangesFile> finished_wait;  // the download that waits to be applied
  RecoveryFacts facts;                       // what was seen, for reports
};

// Looks, decides and does it; deletes P-changes.tmp and P-new. Needs the replica's lock.
Result<Recovered> recover_replica(const ReplicaFiles& files, std::uint32_t page_size);

// Holds P-lock for this process. Dropped by the destructor; the file stays.
class ReplicaLock {
 public:
  // kBusy (condition "replica_locked") when another process holds it.
  static Result<ReplicaLock> acquire(const ReplicaFiles& files);

  ReplicaLock() = default;
  ReplicaLock(ReplicaLock&&) noexcept = default;
  ReplicaLock& operator=(ReplicaLock&&) noexcept = default;

  // A lock of this kind is inherited by fork and would then be held by both: call at the begin of every
  // operation. In a child it gives up the inherited descriptor and takes the lock anew (kBusy while the
  // parent has it).
  Status ensure();
  bool held() const;  // by this very process

 private:
  std::string path_;
  File file_;
  std::int64_t process_id_ = 0;
};

}  // namespace turso::sync
