#include "support/replica_model.hpp"

#include <algorithm>
#include <filesystem>
#include <random>
#include <stdexcept>

#include "base/text.hpp"
#include "cdc/names.hpp"

namespace turso::test {
namespace {

void require(const Status& status) {
  if (!status.has_value()) throw std::runtime_error(status.error().message);
}
template <typename T>
T require(Result<T> result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

sqlite::Connection open(const std::string& path) {
  sqlite::Connection connection = require(sqlite::Connection::open(path, {.busy_timeout_ms = 1000}));
  require(connection.exec("PRAGMA synchronous = OFF"));
  return connection;
}

class SeededEnvironment final : public Environment {
 public:
  explicit SeededEnvironment(std::uint64_t seed) : random_(seed) {}
  std::int64_t unix_time_ms() override { return 1'700'000'000'000 + 1000 * ++ticks_; }
  void fill_random(MutableByteView out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(random_());
  }

 private:
  std::mt19937_64 random_;
  std::int64_t ticks_ = 0;
};

}  // namespace

std::shared_ptr<Environment> seeded_environment(std::uint64_t seed) {
  return std::make_shared<SeededEnvironment>(seed);
}

void copy_database(sqlite::Connection& from, const std::string& to) {
  std::filesystem::remove(to);
  sqlite::Connection target = open(to);
  sqlite3_backup* backup = sqlite3_backup_init(target.handle(), "main", from.handle(), "main");
  if (backup == nullptr || sqlite3_backup_step(backup, -1) != SQLITE_DONE) throw std::runtime_error("backup");
  sqlite3_backup_finish(backup);
}

std::string dump(sqlite::Connection& connection) {
  std::vector<std::string> lines;
  auto objects = require(connection.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL"));
  while (require(objects.step())) {
    const std::string name(objects.column_text(1));
    if (!cdc::is_user_table(name)) continue;
    lines.push_back(concat(objects.column_text(0), " ", name, ": ", objects.column_text(2)));
    if (objects.column_text(0) != "table") continue;
    auto rows = require(connection.prepare("SELECT * FROM " + sqlite::identifier(name)));
    while (require(rows.step())) {
      std::string line = name + " |";
      for (int i = 0; i < rows.column_count(); ++i) line += " " + rows.column_name(i) + "=" + rows.column(i).to_sql();
      lines.push_back(line);
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

ReplicaModel::ReplicaModel(std::string path, ScriptedServer& server, std::shared_ptr<Environment> environment)
    : path_(std::move(path)), environment_(std::move(environment)) {
  copy_database(server.connection(), path_);
  {
    sqlite::Connection fresh = open(path_);
    require(sync::initialize_replica(fresh, sync::new_meta("model", *environment_)));
  }
  recorder_ = std::make_unique<Recorder>(path_);
}

ReplicaModel::ReplicaModel(std::string path, std::shared_ptr<Environment> environment)
    : path_(std::move(path)), environment_(std::move(environment)), recorder_(std::make_unique<Recorder>(path_)) {}

sync::Meta ReplicaModel::meta() { return require(sync::load_meta(db())).value(); }

Result<std::unique_ptr<sync::PushSession>> ReplicaModel::push_session(sync::PushOptions options) {
  options.environment = environment_;
  return sync::PushSession::begin(open(path_), options);
}

Result<sync::PushResult> ReplicaModel::push(ScriptedServer& server, sync::PushOptions options) {
  TURSO_TRY(auto session, push_session(std::move(options)));
  for (;;) {
    TURSO_TRY(auto request, session->next());
    if (!request.has_value()) return session->result();
    TURSO_CHECK(session->on_answer(server.handle(request->body)));
  }
}

std::string ReplicaModel::download(ScriptedServer& server) {
  std::string image = path_ + "-image" + std::to_string(++downloads_);
  copy_database(server.connection(), image);
  return image;
}

Result<sync::ReplayResult> ReplicaModel::apply(const std::string& image, sync::ReplayOptions options) {
  auto result = rebase(image, std::move(options));
  if (result.has_value()) replace_by(image);
  std::filesystem::remove(image);
  return result;
}

Result<sync::ReplayResult> ReplicaModel::rebase(const std::string& image, sync::ReplayOptions options) {
  options.environment = environment_;
  sqlite::Connection staging = open(image);
  require(staging.exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON"));
  sqlite::Connection live = open(path_);
  require(live.exec("BEGIN"));
  TURSO_TRY(auto replay, sync::Replay::begin(staging, live, options));
  TURSO_CHECK(replay->replay());
  require(live.exec("COMMIT; BEGIN IMMEDIATE"));
  TURSO_CHECK(replay->replay());
  TURSO_CHECK(replay->finish(
      {.revision = image, .changes_ident = downloads_, .last_pull_unix_time = environment_->unix_time()}));
  require(live.exec("ROLLBACK"));
  return replay->result();
}

void ReplicaModel::replace_by(const std::string& path) {
  recorder_.reset();
  sqlite::Connection source = open(path);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  copy_database(source, path_);
  recorder_ = std::make_unique<Recorder>(path_);
}

void ReplicaModel::save_copy(const std::string& path) { copy_database(db(), path); }
void ReplicaModel::restore(const std::string& path) { replace_by(path); }

}  // namespace turso::test
