// storage_model.hpp -- a remote, a replica and one pull between them, without network, engine and capture.
//
// The remote is a plain SQLite file whose image is kept for every revision. The replica's log is a table `plog`
// of SQL texts, written in the same transaction as what they did; a push runs them at the remote and notes the
// last id in the remote's table `acks`. So at every moment, also after a crash,
//     content of P  =  image of P's revision, with the rows of plog above its ack replayed.
// The same replay on a plain copy of the image is the oracle: the staged pages must be equal byte for byte.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "sqlite/connection.hpp"
#include "sync/base_file.hpp"
#include "sync/changes_file.hpp"
#include "sync/publish.hpp"
#include "sync/replica_files.hpp"

namespace turso::test {

using Random = std::mt19937_64;
inline std::uint64_t below(Random& random, std::uint64_t limit) { return random() % limit; }

// Pages 1..n at index 0..n-1.
using Image = std::vector<Bytes>;

// All pages as a connection sees them, through the WAL; the lock-byte page as zeros.
Image read_image(sqlite::Connection& connection);
// Never of a file that SQLite has open in this process: closing it would drop SQLite's locks.
Image read_image_file(const std::string& path, std::uint32_t page_size);
// As a plain file that SQLite can open in rollback-journal mode.
void write_image(const std::string& path, Image image);

// Everything that SQL can see: schema and the rows of all tables, in a fixed order.
std::string dump(sqlite::Connection& connection);
std::string integrity(sqlite::Connection& connection);  // "ok", or what is wrong

class Remote {
 public:
  Remote(const std::string& path, std::uint32_t page_size);

  Status exec(const std::string& sql) { return connection.exec(sql); }
  std::string publish_revision();  // the image as it is now gets a new revision
  const Image& image(const std::string& revision) const { return images.at(revision); }
  const std::string& latest() const { return latest_; }
  void random_change(Random& random);

  std::uint32_t page_size;
  sqlite::Connection connection;
  std::map<std::string, Image> images;  // "" is the empty image

 private:
  std::string latest_;
  std::uint64_t revision_count_ = 0;
  std::uint64_t object_count_ = 0;
};

class Replica {
 public:
  Replica(const std::string& path, std::uint32_t page_bytes) : files(path), page_size(page_bytes) {}

  // ---- wait: P-changes from the revision of P (or complete) to the remote's latest
  Status download(Remote& remote, Random& random, bool replace = false);

  // ---- apply and redo
  struct Applied {
    sync::Published published;
    bool redo_done = false;
    std::optional<Error> redo_error;
    std::uint32_t spilled_pages = 0;
  };
  // With an oracle_path the staged pages are compared with the oracle, which is built there.
  Result<Applied> apply(const Remote& remote, const std::string& oracle_path = "");

  Status create_empty();                                                             // a replica that never synced
  Status bootstrap(Remote& remote, Random& random);                                  // download, create_live, redo
  Status create_live_from(sync::ChangesFile& changes);                               // the middle of a bootstrap
  Status pull(Remote& remote, Random& random, const std::string& oracle_path = "");  // all of it must work

  // One local transaction with its row in the log. A statement that fails leaves nothing.
  void local(const std::string& sql);
  void random_local_change(Random& random);
  Status push(Remote& remote);  // also publishes a revision

  sqlite::Connection open() const;  // as an app does
  void connect() { idle = open(), app = open(); }
  void disconnect() { idle = {}, app = {}; }

  // Every invariant of a replica at rest; an empty text, or what is wrong.
  std::string check(const Remote& remote, const std::string& scratch_path);
  std::string check_content(const Remote& remote, const std::string& scratch_path);  // of P alone
  bool base_is_exact(const Remote& remote) const;

  sync::ReplicaFiles files;
  std::uint32_t page_size;
  sqlite::Connection idle;  // what the engine holds open
  sqlite::Connection app;   // lives through all pulls, with its schema cached
  std::size_t memory_pages_max = 4;
  bool journal_in_file = false;
  std::function<void()> before_lock;  // between the first phase of replay and BEGIN IMMEDIATE
  std::string mismatch;               // where staging differed from the oracle; empty: nowhere

 private:
  struct LogRow {
    std::int64_t id;
    std::string sql;
  };
  static Result<std::vector<LogRow>> read_log(sqlite::Connection& connection, std::int64_t above);
  static Status replay(sqlite::Connection& staging, const std::vector<LogRow>& rows);
  struct Bookkeeping {
    std::vector<LogRow> rows;
    std::int64_t sequence = 0;
    std::string revision;
    std::uint64_t ident = 0;
  };
  static Status write_bookkeeping(sqlite::Connection& staging, const Bookkeeping& kept);
  static Result<std::int64_t> acknowledged(sqlite::Connection& connection);
  void compare(sqlite::Overlay& overlay, const Image& image, const Bookkeeping& kept, std::size_t first_phase,
               const std::string& oracle_path);

  std::uint64_t local_count_ = 0;
};

}  // namespace turso::test
