#include "database/database.hpp"

#include <atomic>
#include <filesystem>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "database/connection.hpp"
#include "database/database_sql.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/shim_vfs.hpp"

namespace turso::database {
namespace {

// In memory, connections of one handle share a file of SQLite's memdb VFS. Its name must be unique in the
// process and begin with a slash; it is gone with the last connection, so the handle keeps one.
std::string next_memory_name() {
  static std::atomic<std::uint64_t> counter{0};
  return concat("/turso-memory-", counter.fetch_add(1));
}

// Where the temporary files of capture go: beside the database there is room for what its transactions hold.
std::string directory_of(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path().string();
  return directory.empty() ? "." : directory;
}

class PlainDatabase final : public Database {
 public:
  explicit PlainDatabase(Options options) : options_(std::move(options)) {}

  Status open();
  Result<std::unique_ptr<Connection>> connect() override;
  const std::string& path() const override { return options_.path; }
  Status configure(sqlite3* raw) override { return registry_->apply(raw); }

 private:
  bool in_memory() const { return !memory_name_.empty(); }
  Result<sqlite::Connection> open_handle(int busy_timeout_ms) const;

  Options options_;
  std::string memory_name_;
  sqlite::Connection memory_anchor_;
  std::shared_ptr<Registry> registry_ = std::make_shared<Registry>();
};

Status PlainDatabase::open() {
  if (!options_.vfs.empty() && options_.vfs != "syscall" && options_.vfs != "memory")
    return Error{ErrorKind::kError,
                 concat("option vfs: \"", options_.vfs, "\" is unknown, expected \"syscall\" or \"memory\"")};
  if (options_.path.empty()) return Error{ErrorKind::kMisuse, "option path: it is empty"};
  if (options_.path == ":memory:" || options_.vfs == "memory") memory_name_ = next_memory_name();

  TURSO_TRY(sqlite::Connection probe, open_handle(limits::kInternalBusyTimeoutMs));
  TURSO_CHECK(probe.query_int(sql::kReadSchemaVersion));
  if (in_memory()) {
    memory_anchor_ = std::move(probe);
    return ok();
  }
  // A file that exists has its journal mode already, chosen by whoever made it; WAL is the default of new ones.
  TURSO_TRY(std::int64_t page_count, probe.query_int(sql::kPageCount));
  if (page_count == 0 && !options_.readonly) TURSO_CHECK(probe.run(sql::kUseWal));
  return ok();
}

Result<sqlite::Connection> PlainDatabase::open_handle(int busy_timeout_ms) const {
  sqlite::Connection::Options options;
  options.readonly = options_.readonly && !in_memory();
  options.busy_timeout_ms = busy_timeout_ms;
  options.vfs = in_memory() ? "memdb" : sqlite::shim_vfs();
  TURSO_TRY(sqlite::Connection opened, sqlite::Connection::open(in_memory() ? memory_name_ : options_.path, options));
  if (in_memory()) {
    sqlite3_int64 no_limit = INT64_MAX;  // memdb stops at 1 GiB unless told otherwise
    sqlite3_file_control(opened.handle(), nullptr, SQLITE_FCNTL_SIZE_LIMIT, &no_limit);
  }
  return opened;
}

Result<std::unique_ptr<Connection>> PlainDatabase::connect() {
  TURSO_TRY(sqlite::Connection opened, open_handle(0));
  if (options_.readonly && in_memory()) TURSO_CHECK(opened.run(sql::kQueryOnly));
  TURSO_CHECK(registry_->apply(opened.handle()));
  // The session takes over the handle.
  auto session = std::make_shared<Session>(registry_, shared_from_this(), opened.release());
  TURSO_CHECK(session->attach_capture({options_.environment, in_memory() ? "" : directory_of(options_.path)}));
  return std::make_unique<PlainConnection>(std::move(session));
}

}  // namespace

Result<std::shared_ptr<Database>> Database::open(Options options) {
  auto database = std::make_shared<PlainDatabase>(std::move(options));
  TURSO_CHECK(database->open());
  return database;
}

}  // namespace turso::database
