// replica.hpp -- one replica as this process holds it: shared by every handle on the same real path.
//
// DESIGN   Handles (engine.hpp) have queues of their own and share one Replica, found by real path in a registry.
//          Everything below Gate is touched only inside an operation's step, that is with gate->mutex held.
// LOCK     P-lock is taken by the first operation that needs it and kept until the replica is closed. While another
//          process has it, this one still has SQL, the log and stats; own() answers kBusy and tries again each time.
// K        One idle connection from open to close: it keeps the WAL alive and P in WAL mode.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/limits.hpp"
#include "database/database.hpp"
#include "sqlite/connection.hpp"
#include "sync/engine.hpp"
#include "sync/http.hpp"
#include "sync/meta.hpp"
#include "sync/operation.hpp"
#include "sync/replica_files.hpp"

namespace turso::sync {

// What set_option() changes; policies beyond Config.
struct ReplicaOptions {
  bool accept_remote_went_back = false;
  std::size_t push_request_bytes_max = limits::kPipelineRequestBytesMax;
};

class Replica {
 public:
  // The replica at the path of `config`, made or joined. kMisuse: one is there and its configuration differs.
  static Result<std::shared_ptr<Replica>> find_or_make(Config config);

  Replica(Config config, std::string live_path);
  Replica(const Replica&) = delete;
  ~Replica();

  const std::shared_ptr<Gate>& gate() const { return gate_; }
  const Config& config() const { return config_; }
  Environment& environment() const { return *config_.environment; }
  NetworkCounters& network() const { return *network_; }
  HttpChannel channel(std::shared_ptr<IoQueue> queue) const;

  // ---- with gate()->mutex held ------------------------------------------------------------------------------

  const ReplicaFiles& files() const { return *files_; }
  bool is_open() const { return database_ != nullptr; }
  bool is_private() const { return !private_directory_.empty(); }  // `:memory:`
  std::string directory() const;                                   // of P

  // What P is. kConflict or kNotADatabase, with the choices named, when it is a file that is not ours to touch.
  // A missing or empty file is a LiveIdentity that does not exist.
  Result<LiveIdentity> inspect();

  // Takes P-lock, after that recovers what a crash or another process left. kBusy: another process has it.
  Status own();

  bool owns() const { return lock_ && lock_->held(); }

  // The next operation looks at the files anew, as after a crash.
  void recover_before_next() { recovered_ = false; }

  // P holds the download: brings P-base up to date and removes P-changes. A failure is remembered, not reported:
  // the pull has happened.
  void redo_after_commit(ChangesFile& changes);

  Status forget_download();  // P-changes is of no use any more

  // A file of no bytes at P is as good as none.
  Status remove_empty_live();

  // Opens P, which must be a replica: K, the database handle, the saved configuration.
  Status open_live();
  Status require_open() const;  // kMisuse "sync engine must be initialized"

  Result<sqlite::Connection> connect_plain() const;  // to P: no capture, through the shim
  sqlite::Connection& idle() { return idle_; }
  database::Database& database() { return *database_; }
  Result<Meta> meta();

  // Loads the facts, lets `change` alter them, saves them, in a write transaction of its own. kBusy: untouched.
  Status update_meta(const std::function<void(Meta&)>& change);

  // The state between operations.
  ReplicaOptions options;
  bool base_lost = false;                 // the next download is a complete image
  std::optional<Error> redo_pending;      // why the last redo failed; it is finished before the next wait
  bool has_finished_wait = false;         // P-changes holds a download that fits
  Compare last_compare = Compare::kNone;  // of the last apply
  bool replica_forked = false;
  bool remote_went_back = false;
  std::optional<Error> last_error;

 private:
  Status check_configuration(const Config& other) const;
  Status make_private_directory();
  Status recover();
  void remember_high_water();

  Config config_;
  std::optional<ReplicaFiles> files_;
  std::string private_directory_;  // of a `:memory:` replica, removed at close
  std::string remote_url_;         // configured, else saved
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::shared_ptr<NetworkCounters> network_ = std::make_shared<NetworkCounters>();
  std::optional<ReplicaLock> lock_;
  bool recovered_ = false;
  std::shared_ptr<database::Database> database_;
  sqlite::Connection idle_;
};

}  // namespace turso::sync
