#include "sync/replica.hpp"

#include <filesystem>
#include <mutex>
#include <unordered_map>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "sqlite/shim_vfs.hpp"
#include "sync/engine_sql.hpp"
#include "sync/info_file.hpp"

namespace turso::sync {
namespace {

constexpr std::string_view kMemoryPath = ":memory:";

struct Registry {
  std::mutex mutex;
  std::unordered_map<std::string, std::weak_ptr<Replica>> replicas;  // by real path
};

Registry& registry() {
  static Registry instance;
  return instance;
}

// Symbolic links and relative paths lead to one replica.
std::string real_path_of(const std::string& path) {
  std::error_code failure;
  auto absolute = std::filesystem::absolute(path, failure);
  if (failure) return path;
  auto canonical = std::filesystem::weakly_canonical(absolute, failure);
  return failure ? absolute.string() : canonical.string();
}

std::uint64_t size_of_file(const std::string& path) {
  std::error_code failure;
  auto size = std::filesystem::file_size(path, failure);
  return failure ? 0 : size;
}

Error not_ours(const std::string& path, std::string_view what, std::string_view choices) {
  Error error{ErrorKind::kConflict, concat(path, ": ", what, "; ", choices)};
  error.condition = "not_a_replica";
  return error;
}

}  // namespace

Result<std::shared_ptr<Replica>> Replica::find_or_make(Config config) {
  if (config.path.empty()) return Error{ErrorKind::kMisuse, "path is empty, expected a file or :memory:"};
  if (config.path == kMemoryPath) return std::make_shared<Replica>(std::move(config), std::string(kMemoryPath));

  std::string live_path = real_path_of(config.path);
  std::lock_guard lock(registry().mutex);
  auto& entry = registry().replicas[live_path];
  if (auto replica = entry.lock()) {
    TURSO_CHECK(replica->check_configuration(config));
    return replica;
  }
  auto replica = std::make_shared<Replica>(std::move(config), live_path);
  entry = replica;
  return replica;
}

Replica::Replica(Config config, std::string live_path) : config_(std::move(config)), remote_url_(config_.remote_url) {
  if (live_path != kMemoryPath) files_.emplace(live_path);
}

Replica::~Replica() {
  if (is_open() && owns() && !is_private()) remember_high_water();
  discard(idle_.close(), "no statement of K outlives an operation");
  database_.reset();
  if (!private_directory_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(private_directory_, ignored);
  }
  if (files_ && private_directory_.empty()) {
    std::lock_guard lock(registry().mutex);
    auto found = registry().replicas.find(files_->live);
    if (found != registry().replicas.end() && found->second.expired()) registry().replicas.erase(found);
  }
}

// What is unset in the second configuration asks for nothing.
Status Replica::check_configuration(const Config& other) const {
  auto differs = [](const auto& here, const auto& there) {
    return there != std::decay_t<decltype(there)>{} && here != there;
  };
  const Config& mine = config_;
  std::string_view option;
  if (differs(mine.remote_url, other.remote_url)) option = "remote_url";
  if (differs(mine.client_name, other.client_name)) option = "client_name";
  if (differs(mine.long_poll_timeout_ms, other.long_poll_timeout_ms)) option = "long_poll_timeout_ms";
  if (differs(mine.reserved_bytes, other.reserved_bytes)) option = "reserved_bytes";
  if (differs(mine.remote_encryption_key, other.remote_encryption_key)) option = "remote_encryption_key";
  if (differs(mine.remote_encryption_cipher, other.remote_encryption_cipher)) option = "remote_encryption_cipher";
  if (differs(mine.push_operations_threshold, other.push_operations_threshold)) option = "push_operations_threshold";
  if (differs(mine.pull_bytes_threshold, other.pull_bytes_threshold)) option = "pull_bytes_threshold";
  if (mine.async_io != other.async_io) option = "async_io";
  if (option.empty()) return ok();
  return Error{ErrorKind::kMisuse, concat(mine.path, ": is open in this process with another ", option)};
}

HttpChannel Replica::channel(std::shared_ptr<IoQueue> queue) const {
  return HttpChannel{std::move(queue), network_, remote_url_, config_.remote_encryption_key};
}

Status Replica::make_private_directory() {
  std::error_code failure;
  auto parent = std::filesystem::temp_directory_path(failure);
  std::string directory =
      (failure ? std::string("/tmp") : parent.string()) + "/turso-sync-" + environment().random_uuid();
  if (!std::filesystem::create_directory(directory, failure) || failure) {
    return io_error("create the directory of a :memory: replica", directory, failure.value());
  }
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, failure);
  private_directory_ = directory;
  files_.emplace(directory + "/replica.db");
  return ok();
}

Result<LiveIdentity> Replica::inspect() {
  if (!files_) TURSO_CHECK(make_private_directory());
  const std::string& live_path = files_->live;
  if (size_of_file(live_path) == 0) {
    if (std::uint64_t wal_bytes = size_of_file(files_->wal); wal_bytes != 0) {
      return not_ours(live_path, concat("there is no database, but ", files_->wal, " has ", wal_bytes, " bytes"),
                      "restore the database file beside it, or remove it");
    }
    return LiveIdentity{};
  }
  // The official client's WAL must not be checkpointed by a curious look, so the look is a read-only one.
  if (is_foreign_info(files_->info)) {
    TURSO_TRY(auto reader, sqlite::Connection::open(live_path, {.readonly = true, .create = false}));
    Result<bool> has_meta = sqlite::has_object(reader, "table", cdc::kMetaTable);
    if (!has_meta.has_value()) return std::move(has_meta).error().in(live_path);
    if (!*has_meta) {
      return not_ours(live_path, concat("is a replica that another client made (", files_->info, ")"),
                      "go on with that client, push with it and bootstrap a new file here, or remove its files");
    }
  }
  Result<LiveIdentity> live = read_live_identity(*files_);
  if (!live.has_value()) {
    Error error = std::move(live).error();
    return error.message.find(live_path) == std::string::npos ? std::move(error).in(live_path) : error;
  }
  if (live->exists && !live->has_meta) {
    return not_ours(live_path, "is a database, but no replica: it has no turso_sync_meta",
                    "choose another path, or move it away and bootstrap");
  }
  return live;
}

Status Replica::own() {
  if (!lock_) {
    TURSO_TRY(lock_, ReplicaLock::acquire(*files_));
    recovered_ = false;
  }
  if (Status held = lock_->ensure(); !held.has_value()) {
    lock_.reset();
    return held;
  }
  if (!recovered_ || redo_pending) TURSO_CHECK(recover());
  return ok();
}

Status Replica::recover() {
  TURSO_TRY(Recovered recovered, recover_replica(*files_, limits::kSyncPageSize));
  base_lost = recovered.base_lost;
  redo_pending = recovered.redo_pending;
  has_finished_wait = recovered.finished_wait.has_value();
  recovered_ = true;
  return ok();
}

std::string Replica::directory() const { return std::filesystem::path(files_->live).parent_path().string(); }

Status Replica::remove_empty_live() {
  if (size_of_file(files_->live) != 0) return ok();
  return remove_file(files_->live);
}

Status Replica::forget_download() {
  has_finished_wait = false;
  return remove_file(files_->changes);
}

void Replica::redo_after_commit(ChangesFile& changes) {
  has_finished_wait = false;
  redo_pending.reset();
  Status done = redo(*files_, changes);
  if (done.has_value()) return;
  redo_pending = done.error();
  TURSO_LOG(LogLevel::kWarn, "turso::sync", concat("the pull is done; P-base follows later: ", done.error().message));
}

// At clean close: so that no id comes back even if the log were lost.
void Replica::remember_high_water() {
  Result<Meta> stored = meta();
  if (!stored.has_value()) return;
  Result<std::int64_t> highest = highest_change_id(idle_, *stored);
  if (!highest.has_value() || *highest <= stored->id_high_water) return;
  sqlite3_busy_timeout(idle_.handle(), 0);
  discard(set_fact(idle_, cdc::meta::kIdHighWater, Value(*highest)), "the log itself says the same while it is there");
}

Result<sqlite::Connection> Replica::connect_plain() const {
  sqlite::Connection::Options open;
  open.create = false;
  open.busy_timeout_ms = limits::kOperationBusyTimeoutMs;
  open.vfs = sqlite::shim_vfs();
  TURSO_TRY(sqlite::Connection connection, sqlite::Connection::open(files_->live, open));
  TURSO_CHECK(connection.exec(sql::kSynchronousFull));
  return connection;
}

Status Replica::open_live() {
  TURSO_TRY(sqlite::Connection idle, connect_plain());
  Result<std::optional<Meta>> loaded = load_meta(idle);
  // Damaged facts stop syncing, not the app: SQL works, and push and pull say what is wrong.
  bool damaged = !loaded.has_value() && loaded.error().kind == ErrorKind::kCorrupt;
  if (!loaded.has_value() && !damaged) return std::move(loaded).error().in(files_->live);
  if (!damaged && !*loaded) return Error{ErrorKind::kSchema, concat(files_->live, ": metadata not found")};
  database::Database::Options open;
  open.path = files_->live;
  open.environment = config_.environment;
  TURSO_TRY(database_, database::Database::open(std::move(open)));
  idle_ = std::move(idle);
  if (damaged) {
    last_error = std::move(loaded).error().in(files_->live);
    TURSO_LOG(LogLevel::kError, "turso::sync", last_error->message);
    return ok();
  }
  const Meta& meta = **loaded;
  if (remote_url_.empty()) remote_url_ = meta.remote_url;
  if (remote_url_ != meta.remote_url && owns()) {
    discard(update_meta([this](Meta& facts) { facts.remote_url = remote_url_; }), "it is saved at the next open");
  }
  return ok();
}

Status Replica::require_open() const {
  if (!is_open()) return Error{ErrorKind::kMisuse, "sync engine must be initialized: run create or open first"};
  return ok();
}

Result<Meta> Replica::meta() {
  Result<std::optional<Meta>> loaded = load_meta(idle_);
  if (!loaded.has_value()) return std::move(loaded).error().in(files_->live);
  if (!*loaded) return Error{ErrorKind::kCorrupt, concat(files_->live, ": turso_sync_meta is gone")};
  return std::move(**loaded);
}

Status Replica::update_meta(const std::function<void(Meta&)>& change) {
  TURSO_TRY(sqlite::Connection connection, connect_plain());
  TURSO_TRY(auto transaction, sqlite::Transaction::begin(connection, sqlite::Transaction::Kind::kImmediate));
  TURSO_TRY(std::optional<Meta> meta, load_meta(connection));
  if (!meta) return Error{ErrorKind::kCorrupt, concat(files_->live, ": turso_sync_meta is gone")};
  TURSO_TRY(meta->id_high_water, highest_change_id(connection, *meta));
  change(*meta);
  TURSO_CHECK(save_meta(connection, *meta));
  return transaction.commit();
}

}  // namespace turso::sync
