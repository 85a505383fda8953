#include "support/storage_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.hpp"
#include "sqlite/shim_vfs.hpp"

namespace turso::test {
namespace {

constexpr const char* kBookkeepingSql =
    "CREATE TABLE turso_sync_meta(key TEXT PRIMARY KEY, value);"
    "CREATE TABLE plog(id INTEGER PRIMARY KEY AUTOINCREMENT, sql TEXT NOT NULL);";

// These tests sync files by the thousand and model power cuts themselves: a RAM disk is as good as any.
const bool in_memory_directory = [] {
  if (std::getenv("TMPDIR") == nullptr && std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
  return true;
}();

std::string text_literal(Random& random, std::size_t length_max) {
  std::size_t length = 1 + below(random, length_max);
  std::string text = "'";
  for (std::size_t i = 0; i < length; ++i) text += static_cast<char>('a' + below(random, 26));
  return text + "'";
}

std::vector<std::string> names(sqlite::Connection& connection, const std::string& where) {
  std::vector<std::string> found;
  auto rows = connection.prepare("SELECT name FROM sqlite_schema WHERE " + where + " ORDER BY name").value();
  while (rows.step().value()) found.emplace_back(rows.column_text(0));
  return found;
}

sqlite::Connection open_plain(const std::string& path) {
  auto connection = sqlite::Connection::open(path, {});
  EXPECT_TRUE(connection.has_value()) << path;
  EXPECT_TRUE(connection->exec("PRAGMA synchronous=OFF").has_value());
  return std::move(connection).value();
}

}  // namespace

Image read_image(sqlite::Connection& connection) {
  Image image;
  auto rows = connection.prepare("SELECT data FROM sqlite_dbpage").value();
  while (rows.step().value()) {
    ByteView page = rows.column_blob(0);
    image.emplace_back(page.begin(), page.end());
  }
  return image;
}

Image read_image_file(const std::string& path, std::uint32_t page_size) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  Image image;
  for (std::size_t at = 0; at + page_size <= bytes.size(); at += page_size)
    image.emplace_back(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                       bytes.begin() + static_cast<std::ptrdiff_t>(at + page_size));
  return image;
}

void write_image(const std::string& path, Image image) {
  if (!image.empty()) image[0][18] = image[0][19] = 1;
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  for (const Bytes& page : image)
    out.write(reinterpret_cast<const char*>(page.data()), static_cast<std::streamsize>(page.size()));
}

std::string dump(sqlite::Connection& connection) {
  std::string text;
  auto add = [&](const std::string& sql) {
    std::vector<std::string> lines;
    auto prepared = connection.prepare(sql);
    if (!prepared.has_value()) lines.push_back(concat("cannot prepare ", sql, ": ", prepared.error().message));
    while (prepared.has_value()) {
      auto row = prepared->step();
      if (!row.has_value()) lines.push_back(concat("cannot step ", sql, ": ", row.error().message));
      if (!row.has_value() || !*row) break;
      std::string& line = lines.emplace_back();
      for (int column = 0; column < prepared->column_count(); ++column)
        line += excerpt(prepared->column(column).to_sql(), 400) + "|";
    }
    std::sort(lines.begin(), lines.end());
    for (const std::string& line : lines) text += line + "\n";
  };
  add("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name NOT IN ('plog', 'turso_sync_meta', "
      "'sqlite_sequence')");
  for (const std::string& table :
       names(connection, "type = 'table' AND name NOT IN ('plog', 'turso_sync_meta', 'sqlite_sequence')")) {
    text += table + ":\n";
    add("SELECT * FROM " + sqlite::identifier(table));
  }
  return text;
}

std::string integrity(sqlite::Connection& connection) {
  auto value = connection.query_value("PRAGMA integrity_check");
  return value.has_value() ? value->to_sql() == "'ok'" ? "ok" : value->to_sql() : value.error().message;
}

// ---- the remote ---------------------------------------------------------------------------------------------

Remote::Remote(const std::string& path, std::uint32_t page_size_in)
    : page_size(page_size_in), connection(open_plain(path)) {
  images[""] = {};
  EXPECT_TRUE(exec(concat("PRAGMA page_size=", page_size)).has_value());
}

std::string Remote::publish_revision() {
  latest_ = concat("lineage:", ++revision_count_);
  images[latest_] = read_image(connection);
  return latest_;
}

void Remote::random_change(Random& random) {
  auto tables = names(connection, "type = 'table' AND name GLOB 't[0-9]*'");
  std::string name = tables.empty() ? "" : tables[below(random, tables.size())];
  std::string sql;
  std::uint64_t serial = ++object_count_;
  switch (tables.empty() ? 0 : below(random, 24)) {
    case 0: sql = concat("CREATE TABLE t", serial, "(id INTEGER PRIMARY KEY, a TEXT, b BLOB, c INT DEFAULT 7)"); break;
    case 1:
      sql = concat("CREATE TABLE t", serial,
                   "(id INTEGER, a TEXT, b BLOB, c, PRIMARY KEY(id)) WITHOUT ROWID; CREATE INDEX i", serial, " ON t",
                   serial, "(a) WHERE c > 3");
      break;
    case 2: sql = concat("CREATE INDEX i", serial, " ON ", name, "(a, c)"); break;
    case 3: sql = concat("ALTER TABLE ", name, " ADD COLUMN x", serial, " TEXT DEFAULT 'new'"); break;
    case 4: sql = concat("ALTER TABLE ", name, " RENAME TO t", serial); break;
    case 5: sql = tables.size() > 3 ? concat("DROP TABLE ", name) : "VACUUM"; break;
    case 6: sql = concat("CREATE VIEW v", serial, " AS SELECT id, a FROM ", name); break;
    case 7:
      sql = concat("CREATE TABLE IF NOT EXISTS side(n INT, what TEXT); CREATE TRIGGER g", serial, " AFTER INSERT ON ",
                   name, " BEGIN INSERT INTO side VALUES(new.id, new.a); END");
      break;
    case 8: sql = "VACUUM"; break;
    case 9: sql = concat("PRAGMA auto_vacuum=", below(random, 3), "; VACUUM"); break;
    case 10: sql = "PRAGMA incremental_vacuum"; break;
    case 11: sql = concat("PRAGMA user_version=", below(random, 1000)); break;
    case 12:
      sql = "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(body); INSERT INTO words VALUES(" +
            text_literal(random, 900) + ")";
      break;
    case 13: {
      int reserved = static_cast<int>(below(random, 4) * 16);
      sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
      sql = "VACUUM";
      break;
    }
    case 14:
    case 15: sql = concat("DELETE FROM ", name, " WHERE id % 3 = ", below(random, 3)); break;
    case 16:
    case 17:
      sql = concat("UPDATE ", name, " SET a = ", text_literal(random, 300), " WHERE id % 5 = ", below(random, 5));
      break;
    case 18:
      sql = concat("INSERT INTO ", name, "(id, a, b) VALUES(", below(random, 1000), ", ", text_literal(random, 20),
                   ", zeroblob(", below(random, 20000), "))");
      break;
    default:
      sql = concat("INSERT OR REPLACE INTO ", name, "(id, a, c) WITH RECURSIVE n(i) AS (SELECT ", below(random, 1000),
                   " UNION ALL SELECT i + 1 FROM n LIMIT ", 1 + below(random, 60), ") SELECT i, ",
                   text_literal(random, 80), ", i % 9 FROM n");
  }
  // Some fail (a trigger over a renamed table, say): then nothing has changed, which is a change as good as any.
  discard(exec(sql), "random");
}

// ---- the replica --------------------------------------------------------------------------------------------

sqlite::Connection Replica::open() const {
  sqlite::Connection::Options options;
  options.busy_timeout_ms = 1000;
  options.vfs = sqlite::shim_vfs();
  auto connection = sqlite::Connection::open(files.live, options);
  EXPECT_TRUE(connection.has_value()) << files.live;
  if (!connection.has_value()) return {};
  EXPECT_TRUE(connection->exec("PRAGMA synchronous=NORMAL").has_value());
  return std::move(connection).value();
}

Status Replica::create_empty() {
  auto connection = open();
  TURSO_CHECK(connection.exec(concat("PRAGMA page_size=", page_size, "; PRAGMA journal_mode=WAL")));
  TURSO_CHECK(connection.exec(kBookkeepingSql));
  return connection.exec("INSERT INTO turso_sync_meta VALUES('client_id', 'model-1')");
}

Status Replica::download(Remote& remote, Random& random, bool replace) {
  TURSO_TRY(auto identity, sync::read_live_identity(files));
  if (!identity.revision.has_value()) replace = true;
  const Image& from = remote.image(replace ? "" : *identity.revision);
  const Image& to = remote.image(remote.latest());
  sync::ChangesHeader header;
  header.page_size = page_size;
  header.replace = replace;
  header.db_size = static_cast<std::uint32_t>(to.size());
  header.nonce = random();
  header.from_revision = replace ? "" : *identity.revision;
  header.to_revision = remote.latest();
  TURSO_TRY(auto writer, sync::ChangesWriter::create(files.changes, header, static_cast<std::uint32_t>(from.size())));
  std::vector<std::uint32_t> order;
  for (std::uint32_t page = 1; page <= to.size(); ++page) {
    bool changed = replace || page > from.size() || from[page - 1] != to[page - 1];
    if (changed || below(random, 20) == 0) order.push_back(page);
  }
  std::shuffle(order.begin(), order.end(), random);
  for (std::uint32_t page : order) {
    // A page that comes twice: the last one counts.
    if (below(random, 50) == 0) TURSO_CHECK(writer.add_page(page, Bytes(page_size, 0x5a)));
    TURSO_CHECK(writer.add_page(page, to[page - 1]));
  }
  TURSO_CHECK(writer.finish());
  return ok();
}

Result<std::int64_t> Replica::acknowledged(sqlite::Connection& connection) {
  TURSO_TRY(bool there, sqlite::has_object(connection, "table", "acks"));
  if (!there) return std::int64_t{0};
  return connection.query_int("SELECT id FROM acks WHERE client = 'model'");
}

Result<std::vector<Replica::LogRow>> Replica::read_log(sqlite::Connection& connection, std::int64_t above) {
  std::vector<LogRow> rows;
  TURSO_TRY(auto read, connection.prepare("SELECT id, sql FROM plog WHERE id > ?1 ORDER BY id"));
  TURSO_CHECK(read.bind_int(1, above));
  for (;;) {
    TURSO_TRY(bool row, read.step());
    if (!row) return rows;
    rows.push_back({read.column_int(0), std::string(read.column_text(1))});
  }
}

// A savepoint per row, a commit every third: what fails is undone alone, and the journal stays short.
Status Replica::replay(sqlite::Connection& staging, const std::vector<LogRow>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (staging.autocommit()) TURSO_CHECK(staging.exec("BEGIN; PRAGMA defer_foreign_keys=ON"));
    TURSO_CHECK(staging.exec("SAVEPOINT change"));
    if (!staging.exec(rows[i].sql).has_value()) TURSO_CHECK(staging.exec("ROLLBACK TO change"));
    TURSO_CHECK(staging.exec("RELEASE change"));
    if (i % 3 == 2) TURSO_CHECK(staging.exec("COMMIT"));
  }
  return staging.autocommit() ? ok() : staging.exec("COMMIT");
}

Status Replica::write_bookkeeping(sqlite::Connection& staging, const Bookkeeping& kept) {
  TURSO_CHECK(staging.exec("BEGIN"));
  TURSO_CHECK(staging.exec(kBookkeepingSql));
  TURSO_CHECK(
      staging.run("INSERT INTO turso_sync_meta VALUES('client_id', 'model-1'), ('revision', ?1), "
                  "('changes_ident', ?2)",
                  Value(kept.revision), Value(static_cast<std::int64_t>(kept.ident))));
  for (const LogRow& row : kept.rows)
    TURSO_CHECK(staging.run("INSERT INTO plog VALUES(?1, ?2)", Value(row.id), Value(row.sql)));
  TURSO_CHECK(staging.exec("DELETE FROM sqlite_sequence WHERE name = 'plog'"));
  TURSO_CHECK(staging.run("INSERT INTO sqlite_sequence VALUES('plog', ?1)", Value(kept.sequence)));
  return staging.exec("COMMIT");
}

void Replica::compare(sqlite::Overlay& overlay, const Image& image, const Bookkeeping& kept, std::size_t first_phase,
                      const std::string& oracle_path) {
  std::filesystem::remove(oracle_path);
  write_image(oracle_path, image);
  auto oracle = open_plain(oracle_path);
  std::vector<LogRow> first(kept.rows.begin(), kept.rows.begin() + static_cast<std::ptrdiff_t>(first_phase));
  std::vector<LogRow> second(kept.rows.begin() + static_cast<std::ptrdiff_t>(first_phase), kept.rows.end());
  Status done = oracle.exec(concat("PRAGMA page_size=", page_size,
                                   "; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; "
                                   "PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON; PRAGMA cache_size=-64"));
  if (done.has_value()) done = replay(oracle, first);
  if (done.has_value()) done = replay(oracle, second);
  if (done.has_value()) done = write_bookkeeping(oracle, kept);
  if (!done.has_value()) mismatch = "oracle: " + done.error().message;
  // From the file, not from the cache: the content of a page that was freed before it was ever written is not there.
  oracle = {};
  Image expected = read_image_file(oracle_path, page_size);
  Bytes staged(page_size);
  for (std::uint32_t page = 1; page <= expected.size() && mismatch.empty(); ++page) {
    if (page == overlay.lock_page()) continue;
    if (!overlay.read_page(page, staged).has_value()) mismatch = concat("page ", page, " cannot be read");
    if (staged != expected[page - 1]) mismatch = concat("page ", page, " of ", expected.size(), " differs");
  }
}

Result<Replica::Applied> Replica::apply(const Remote& remote, const std::string& oracle_path) {
  TURSO_TRY(auto changes, sync::ChangesFile::load(files.changes, page_size));
  TURSO_TRY(auto identity, sync::read_live_identity(files));
  sqlite::Overlay::Options options;
  options.page_size = page_size;
  options.page_count = changes.header().db_size;
  options.layers = {&changes};
  options.memory_pages_max = memory_pages_max;
  options.temporary_directory = std::filesystem::path(files.live).parent_path().string();
  std::optional<sync::BaseFile> base;
  if (!changes.header().replace) {
    if (identity.revision != changes.header().from_revision) return Error{ErrorKind::kError, "download is stale"};
    TURSO_TRY(base, sync::BaseFile::open(files, page_size, *identity.revision));
    options.layers.push_back(&*base);
  }
  TURSO_TRY(auto writer, sync::LiveWriter::open(files, {page_size, 0}));
  sqlite::Overlay overlay(options);
  sqlite::Overlay::ConnectionOptions staging_options;
  staging_options.journal_in_file = journal_in_file;
  staging_options.cache_kib = 64;
  TURSO_TRY(auto staging, overlay.connect(staging_options));

  Bookkeeping kept;
  auto stage = [&]() -> Status {
    TURSO_TRY(std::int64_t floor, acknowledged(staging));
    TURSO_TRY(kept.rows, read_log(writer.connection(), floor));
    std::size_t first_phase = kept.rows.size();
    TURSO_CHECK(replay(staging, kept.rows));
    if (before_lock) before_lock();
    TURSO_CHECK(writer.begin());
    TURSO_TRY(auto later, read_log(writer.connection(), kept.rows.empty() ? floor : kept.rows.back().id));
    TURSO_CHECK(replay(staging, later));
    kept.rows.insert(kept.rows.end(), later.begin(), later.end());
    TURSO_TRY(kept.sequence, writer.connection().query_int("SELECT seq FROM sqlite_sequence WHERE name = 'plog'"));
    kept.revision = changes.header().to_revision;
    kept.ident = changes.ident();
    TURSO_CHECK(write_bookkeeping(staging, kept));
    if (!oracle_path.empty()) compare(overlay, remote.image(kept.revision), kept, first_phase, oracle_path);
    return ok();
  };
  Status staged = stage();
  TURSO_CHECK(overlay.error());
  TURSO_CHECK(staged);
  TURSO_TRY(auto image, sync::seal_staging(std::move(staging), overlay));
  Applied applied;
  applied.spilled_pages = static_cast<std::uint32_t>(overlay.spilled_page_count());
  TURSO_TRY(applied.published, writer.publish(overlay, image, changes.ident()));
  if (applied.published.outcome != sync::Published::Outcome::kCommitted) return applied;
  Status redone = sync::redo(files, changes);
  applied.redo_done = redone.has_value();
  if (!redone.has_value()) applied.redo_error = redone.error();
  return applied;
}

Status Replica::create_live_from(sync::ChangesFile& changes) {
  sqlite::Overlay::Options options;
  options.page_size = page_size;
  options.page_count = changes.header().db_size;
  options.layers = {&changes};
  options.temporary_directory = std::filesystem::path(files.live).parent_path().string();
  sqlite::Overlay overlay(options);
  TURSO_TRY(auto staging, overlay.connect());
  TURSO_CHECK(write_bookkeeping(staging, {{}, 0, changes.header().to_revision, changes.ident()}));
  TURSO_TRY(auto image, sync::seal_staging(std::move(staging), overlay));
  return sync::create_live(files, overlay, image);
}

Status Replica::bootstrap(Remote& remote, Random& random) {
  TURSO_CHECK(download(remote, random, true));
  TURSO_TRY(auto changes, sync::ChangesFile::load(files.changes, page_size));
  TURSO_CHECK(create_live_from(changes));
  return sync::redo(files, changes);
}

Status Replica::pull(Remote& remote, Random& random, const std::string& oracle_path) {
  TURSO_CHECK(download(remote, random));
  TURSO_TRY(Applied applied, apply(remote, oracle_path));
  if (applied.published.error.has_value()) return *applied.published.error;
  if (applied.redo_error.has_value()) return *applied.redo_error;
  if (!mismatch.empty()) return Error{ErrorKind::kError, mismatch};
  return ok();
}

void Replica::local(const std::string& sql) {
  if (!app) app = open();
  ASSERT_TRUE(app.exec("BEGIN IMMEDIATE").has_value());
  bool done = app.exec(sql).has_value() && app.run("INSERT INTO plog(sql) VALUES(?1)", Value(sql)).has_value();
  Status ended = app.exec(done ? "COMMIT" : "ROLLBACK");
  ASSERT_TRUE(ended.has_value()) << ended.error().message;
}

void Replica::random_local_change(Random& random) {
  if (!app) app = open();
  auto tables = names(app, "type = 'table' AND name GLOB '[tl][0-9]*'");
  std::string name = tables.empty() ? "" : tables[below(random, tables.size())];
  std::uint64_t serial = ++local_count_;
  switch (tables.empty() ? 0 : below(random, 12)) {
    case 0: return local(concat("CREATE TABLE l", serial, "(id INTEGER PRIMARY KEY, a TEXT, b BLOB, c)"));
    case 1: return local(concat("CREATE INDEX li", serial, " ON ", name, "(a)"));
    case 2: return local(concat("ALTER TABLE ", name, " ADD COLUMN l", serial));
    case 3:
    case 4: return local(concat("DELETE FROM ", name, " WHERE id % 7 = ", below(random, 7)));
    case 5: return local(concat("UPDATE ", name, " SET id = id + 100000 WHERE id = ", below(random, 1000)));
    case 6: return local(concat("UPDATE ", name, " SET a = ", text_literal(random, 200), " WHERE id % 4 = 1"));
    case 7:
      return local(concat("INSERT INTO ", name, "(id, b) VALUES(", below(random, 1000), ", zeroblob(",
                          below(random, 9000), "))"));
    default:
      return local(
          concat("INSERT INTO ", name, "(id, a) VALUES(", below(random, 5000), ", ", text_literal(random, 100), ")"));
  }
}

Status Replica::push(Remote& remote) {
  auto connection = open();
  TURSO_TRY(std::int64_t floor, acknowledged(connection));
  TURSO_TRY(auto rows, read_log(connection, floor));
  if (rows.empty()) return ok();
  TURSO_CHECK(remote.exec("CREATE TABLE IF NOT EXISTS acks(client TEXT PRIMARY KEY, id INT)"));
  TURSO_CHECK(replay(remote.connection, rows));
  TURSO_CHECK(remote.connection.run("INSERT OR REPLACE INTO acks VALUES('model', ?1)", Value(rows.back().id)));
  remote.publish_revision();
  return ok();
}

bool Replica::base_is_exact(const Remote& remote) const {
  auto identity = sync::read_live_identity(files);
  if (!identity.has_value() || !identity->revision.has_value()) return false;
  auto base = sync::BaseFile::open(files, page_size, *identity->revision);
  if (!base.has_value() || !base->verify().has_value()) return false;
  const Image& image = remote.image(*identity->revision);
  if (base->stamp().db_size != image.size()) return false;
  Bytes page_image(page_size);
  for (std::uint32_t page = 1; page <= image.size(); ++page) {
    if (page == sqlite::lock_byte_page(page_size)) continue;
    if (!base->read_page(page, page_image).has_value() || page_image != image[page - 1]) return false;
  }
  return true;
}

std::string Replica::check_content(const Remote& remote, const std::string& scratch_path) {
  auto identity = sync::read_live_identity(files);
  if (!identity.has_value()) return "P: " + identity.error().message;
  auto live = open();
  if (std::string found = integrity(live); found != "ok") return "integrity of P: " + found;
  std::filesystem::remove(scratch_path);
  write_image(scratch_path, remote.image(identity->revision.value_or("")));
  auto model = open_plain(scratch_path);
  auto floor = acknowledged(model);
  auto rows = read_log(live, floor.has_value() ? *floor : 0);
  if (!rows.has_value()) return "log of P: " + rows.error().message;
  Status replayed = replay(model, *rows);
  if (!replayed.has_value()) return "model: " + replayed.error().message;
  std::string expected = dump(model);
  std::string found = dump(live);
  if (found != expected) return concat("P is not image plus log\nP:\n", found, "\nexpected:\n", expected);
  if (app && dump(app) != found) return "a long-lived connection sees something else than a fresh one";
  return "";
}

std::string Replica::check(const Remote& remote, const std::string& scratch_path) {
  if (std::string wrong = check_content(remote, scratch_path); !wrong.empty()) return wrong;
  if (!base_is_exact(remote)) return "P-base is not the image of P's revision";
  for (const std::string& path : {files.changes, files.changes_tmp, files.live_new})
    if (std::filesystem::exists(path)) return path + " is still there";
  return "";
}

}  // namespace turso::test
