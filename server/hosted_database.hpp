// hosted_database.hpp -- one SQLite file that the server serves: its page map, its log, its snapshots.
//
// The file is in WAL mode with 4096-byte pages and UTF-8 text. An idle connection, the keeper, holds it open
// from beginning to end, so that the log is not deleted by somebody's last close. All connections of the
// server go through sqlite/wal_watch with automatic checkpoints off. After each write and before each answer
// absorb() moves what the log names into the page map, writes by other programs included; where the log was
// begun anew behind our back, or somebody committed and no frame tells what, a new lineage begins.
//
// What must stay true: a snapshot's revision is exactly the state that its read transaction sees. Writers of
// this process run in the same sequence as all calls here (one strand), and a snapshot is taken again until
// no other program has committed in between.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "server/page_map.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/wal_watch.hpp"

namespace turso::server {

struct HostOptions {
  bool strip_bookkeeping = false;  // drop a replica's own tables from a served file instead of refusing it
};

// A held read transaction and the revision it shows. Pages are read through SQLite only.
class Snapshot {
 public:
  Snapshot(sqlite::Connection connection, sqlite::Statement read_page)
      : connection_(std::move(connection)), read_page_(std::move(read_page)) {}

  Revision revision;
  std::uint32_t page_count = 0;
  bool empty = false;  // nothing was ever written to this database; it is announced with no pages

  // Page counted from 1, never the lock-byte page.
  Status read_page(std::uint32_t page, MutableByteView out);

 private:
  sqlite::Connection connection_;
  sqlite::Statement read_page_;  // declared after its connection
};

class HostedDatabase {
 public:
  // Creates a missing file. Another page size or encoding, a replica's own tables and files that are not
  // SQLite are refused, saying what was found.
  static Result<std::unique_ptr<HostedDatabase>> open(const std::string& path, const HostOptions& options,
                                                      std::shared_ptr<Environment> environment);
  ~HostedDatabase();

  const std::string& path() const { return path_; }
  const PageMap& map() const { return map_; }
  Revision revision() const { return map_.revision(); }

  // A connection for client SQL, bare: no authorizer yet.
  Result<sqlite::Connection> connect(int busy_timeout_ms);

  // Moves what was committed since the last call into the map. true: the revision moved.
  Result<bool> absorb();

  // Call before a client's write. While the log is empty, another program could write, empty it again, and
  // be hidden by the write that follows; so under the write lock, with nobody in between, a first frame of
  // ours begins it.
  Status begin_log();
  bool log_begun() const { return tracker_->known_frames() != 0; }

  // Absorbs, then holds a read transaction at exactly that revision.
  Result<std::shared_ptr<Snapshot>> snapshot();

  // When the log has grown enough. Never fails a request: what was not copied now is copied later.
  void checkpoint_if_due();

  // Whether another file stands at the path now.
  bool replaced() const;

  // Ends cleanly: checkpoint, close, map. Snapshots and connections must be gone.
  Status close();

 private:
  HostedDatabase(std::string path, HostOptions options, std::shared_ptr<Environment> environment, PageMap map);

  Status prepare_file();
  Status check_format();
  Status begin_tracking();
  Status begin_new_lineage();
  Result<std::shared_ptr<Snapshot>> open_snapshot();

  std::string path_;
  HostOptions options_;
  std::shared_ptr<Environment> environment_;
  PageMap map_;
  std::shared_ptr<sqlite::WalTracker> tracker_;
  std::optional<sqlite::WalWatch> watch_;
  sqlite::Connection keeper_;
  std::uint64_t inode_ = 0;
  std::int64_t data_version_ = 0;          // the keeper's at the last absorb
  std::uint64_t checkpointed_frames_ = 0;  // committed frames at the last checkpoint
  std::int64_t checked_schema_ = -1;       // schema cookie for which no bookkeeping table was found
};

// The first object of the database with one of our bookkeeping names: {type, name}.
Result<std::optional<std::pair<std::string, std::string>>> find_bookkeeping(sqlite::Connection& connection);

}  // namespace turso::server
