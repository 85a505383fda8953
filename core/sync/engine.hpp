// engine.hpp -- the sync engine as the C ABI sees it: an Engine, its Operations, its queue of IO items.
//
// The engine opens no socket, reads no clock of its own and starts no thread. An Operation is resumed by
// the host until it is done; whenever it needs HTTP it answers kIo and an IoItem waits in the queue. The
// rules of overlap and ownership are those of spec/abi.md, "Ours behind this ABI".
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/environment.hpp"
#include "base/result.hpp"
#include "database/database.hpp"

namespace turso::sync {

struct Config {
  std::string path;
  std::string remote_url;  // "": from the saved configuration, or deferred
  std::string client_name;
  std::uint32_t long_poll_timeout_ms = 0;
  bool bootstrap_if_empty = false;
  std::uint32_t reserved_bytes = 0;
  std::string remote_encryption_key;
  std::string remote_encryption_cipher;
  std::size_t push_operations_threshold = 0;  // 0: one batch, split only by limits
  std::size_t pull_bytes_threshold = 0;       // 0: whole bootstrap in one request
  bool async_io = false;                      // FULL_READ and FULL_WRITE items for P-info
  bool partial_bootstrap = false;             // asked for; everything is downloaded all the same
  std::shared_ptr<Environment> environment = system_environment();
};

enum class IoKind : std::uint8_t { kNone, kHttp, kFullRead, kFullWrite };

// One request to the host. Shared: an item may outlive its engine. The host's side is thread-safe.
class IoItem {
 public:
  IoKind kind = IoKind::kNone;
  // kHttp
  std::string url;  // the configured or saved remote URL; empty when none is known
  std::string method;
  std::string path;  // begins with '/'
  std::vector<std::pair<std::string, std::string>> headers;
  Bytes body;
  // kFullRead and kFullWrite
  std::string file_path;
  Bytes content;

  // The host's answers.
  Status set_status(int status);       // 100..599, else kMisuse
  Status push_buffer(ByteView chunk);  // copied
  Status done();
  Status poison(std::string_view reason);  // wins over everything buffered; ends the request
  std::size_t received_bytes() const;

  // The engine's side: takes at most `limit` buffered bytes; nothing when none are there.
  struct Progress {
    std::optional<int> status;
    bool done = false;
    std::optional<std::string> poison;
    std::size_t buffered_bytes = 0;
  };
  Progress progress() const;
  Bytes take(std::size_t limit);
  void abandon();  // nobody reads the answer any more: what is buffered or still comes is dropped

 private:
  mutable std::mutex mutex_;
  std::optional<int> status_;
  bool done_ = false;
  std::optional<std::string> poison_;
  std::deque<Bytes> buffers_;
  std::size_t front_offset_ = 0;
  std::size_t buffered_ = 0;
  std::size_t received_ = 0;
  bool abandoned_ = false;
};

// How an apply found the pages to publish.
enum class Compare : std::uint8_t { kNone, kTracked, kFull };

struct Stats {
  std::int64_t cdc_operations = 0;   // log rows above pushed_through, COMMIT records included
  std::int64_t main_wal_size = 0;    // bytes
  std::int64_t revert_wal_size = 0;  // always 0
  std::int64_t last_pull_unix_time = 0;
  std::int64_t last_push_unix_time = 0;
  std::int64_t network_sent_bytes = 0;
  std::int64_t network_received_bytes = 0;
  std::string revision;

  // What turso_cdc.h adds.
  std::int64_t pending_changes = 0;  // row changes, without COMMIT records
  std::int64_t pending_transactions = 0;
  std::int64_t oldest_pending_unix_time_ms = 0;
  std::int64_t parked = 0;       // transactions in turso_cdc_held that are tried again
  std::int64_t quarantined = 0;  // those that were put aside
  std::int64_t conflicts = 0;    // rows of turso_cdc_conflict
  Compare last_compare = Compare::kNone;
  bool replica_forked = false;
  bool remote_went_back = false;
  bool partial_bootstrap_ignored = false;
  std::int64_t main_bytes = 0;     // P
  std::int64_t base_bytes = 0;     // P-base and P-base-info
  std::int64_t changes_bytes = 0;  // P-changes
  std::optional<Error> last_error;
};

// A finished download that wait found; consumed by apply, or dropped.
class Changes {
 public:
  virtual ~Changes() = default;
};

enum class OperationState : std::uint8_t { kIo, kDone };

class Operation {
 public:
  enum class Result_ : std::uint8_t { kNone, kConnection, kChanges, kStats };

  virtual ~Operation() = default;  // cancels an unfinished operation; nothing is left behind

  // Runs until something is needed. After the end repeats the result. Never blocks on the network.
  virtual Result<OperationState> resume() = 0;
  virtual void cancel() = 0;  // from any thread; the next resume ends with kCancelled

  // Valid once resume() answered kDone.
  virtual Result_ result_kind() const = 0;
  virtual std::unique_ptr<database::Connection> take_connection() = 0;  // null when taken already
  virtual std::shared_ptr<Changes> take_changes() = 0;                  // null: nothing new
  virtual const Stats* stats() const = 0;

  virtual const std::optional<Error>& last_error() const = 0;
};

class Engine : public std::enable_shared_from_this<Engine> {
 public:
  // Does no IO. A second handle on the same real path joins the engine that is there.
  static Result<std::shared_ptr<Engine>> make(Config config);
  virtual ~Engine() = default;

  virtual std::unique_ptr<Operation> create() = 0;
  virtual std::unique_ptr<Operation> open() = 0;
  virtual std::unique_ptr<Operation> connect() = 0;
  virtual std::unique_ptr<Operation> stats() = 0;
  virtual std::unique_ptr<Operation> checkpoint() = 0;
  virtual std::unique_ptr<Operation> push() = 0;
  virtual std::unique_ptr<Operation> wait() = 0;
  virtual std::unique_ptr<Operation> apply(std::shared_ptr<Changes> changes) = 0;

  virtual std::shared_ptr<IoItem> take_io_item() = 0;  // oldest first; null: none
  virtual void step_io_callbacks() = 0;

  // Named options beyond Config (policies, limits); an unknown key is an error that lists the known ones.
  virtual Status set_option(std::string_view key, std::string_view value) = 0;
  virtual const std::optional<Error>& last_error() const = 0;
};

}  // namespace turso::sync
