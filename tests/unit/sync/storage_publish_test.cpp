// storage_publish_test.cpp -- the publishing recipe, rule by rule (R1 to R13).
#include <gtest/gtest.h>

#include <filesystem>

#include "base/text.hpp"
#include "sqlite/shim_vfs.hpp"
#include "support/storage_model.hpp"
#include "support/temp_dir.hpp"

namespace turso::test {
namespace {

using Outcome = sync::Published::Outcome;

constexpr std::uint32_t kPageSize = 1024;

const char* const kRows =
    "CREATE TABLE t0(id INTEGER PRIMARY KEY, a TEXT, b BLOB, c); CREATE INDEX ia ON t0(a);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300)"
    "INSERT INTO t0 SELECT i, 'row ' || i, zeroblob(100), i FROM n";

struct Scene {
  TempDir dir;
  Random random{3};
  Remote remote;
  Replica replica;

  explicit Scene(const std::string& setup = kRows, std::uint32_t page_size = kPageSize)
      : remote(dir.path("remote.db"), page_size), replica(dir.path("p.db"), page_size) {
    Status made = remote.exec(setup);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    remote.publish_revision();
    Status booted = replica.bootstrap(remote, random);
    EXPECT_TRUE(booted.has_value()) << booted.error().message;
    replica.connect();
  }

  void change(const std::string& sql) {
    Status changed = remote.exec(sql);
    ASSERT_TRUE(changed.has_value()) << changed.error().message;
    remote.publish_revision();
  }
  // Downloads and applies; all of it must work and every invariant hold.
  sync::Published pull() {
    EXPECT_TRUE(replica.download(remote, random).has_value());
    auto applied = replica.apply(remote, dir.path("oracle.db"));
    EXPECT_TRUE(applied.has_value()) << applied.error().message;
    if (!applied.has_value()) return {};
    EXPECT_EQ(applied->published.outcome, Outcome::kCommitted);
    EXPECT_TRUE(applied->redo_done);
    EXPECT_EQ(replica.mismatch, "");
    EXPECT_EQ(replica.check(remote, dir.path("scratch.db")), "");
    return applied->published;
  }
  Error refused() {
    EXPECT_TRUE(replica.download(remote, random).has_value());
    auto applied = replica.apply(remote);
    EXPECT_FALSE(applied.has_value()) << "should have been refused";
    return applied.has_value() ? Error{} : applied.error();
  }
  std::int64_t live(const std::string& sql) { return replica.app.query_int(sql).value(); }
};

TEST(Publish, GrowsP) {
  Scene scene;
  std::int64_t before = scene.live("PRAGMA page_count");
  scene.change("INSERT INTO t0(a, b) SELECT a, zeroblob(5000) FROM t0");
  scene.pull();
  EXPECT_GT(scene.live("PRAGMA page_count"), before + 1000);
}

TEST(Publish, ShrinksP) {
  Scene scene;
  std::int64_t before = scene.live("PRAGMA page_count");
  scene.change("DELETE FROM t0 WHERE id > 20; VACUUM");
  scene.pull();
  EXPECT_LT(scene.live("PRAGMA page_count"), before / 2);
}

// R2: the cookie and the page count change in the same transaction.
TEST(Publish, ShrinksPWithAnotherSchema) {
  Scene scene;
  scene.change("DELETE FROM t0 WHERE id > 20; CREATE TABLE t9(id INTEGER PRIMARY KEY, a); DROP INDEX ia; VACUUM");
  EXPECT_TRUE(scene.pull().schema_changed);
}

TEST(Publish, WritesOnlyWhatDiffers) {
  Scene scene;
  scene.change("UPDATE t0 SET c = 0 WHERE id = 150");
  sync::Published first = scene.pull();
  EXPECT_LE(first.pages_written, 6u);
  EXPECT_GT(first.pages_compared, 40u);
}

// R4: without the guard a COMMIT under auto_vacuum=FULL drops pages of the new image, silently, when the image has
// free pages: so the deletion must free whole pages.
TEST(Publish, SurvivesEveryAutoVacuumTransition) {
  for (int from : {0, 1, 2})
    for (int to : {0, 1, 2})
      for (const char* size_change : {"DELETE FROM t0 WHERE id > 50", "INSERT INTO t0(b) VALUES(zeroblob(90000))"}) {
        SCOPED_TRACE(concat("auto_vacuum ", from, " to ", to, ", ", size_change));
        Scene scene(concat("PRAGMA auto_vacuum=", from, "; VACUUM; ", kRows));
        scene.change(concat("PRAGMA auto_vacuum=", to, "; VACUUM; ", size_change));
        scene.pull();
        EXPECT_EQ(scene.live("PRAGMA auto_vacuum"), to);
      }
}

// R3: an image may carry pages beyond what its header counts; the header is right.
TEST(Publish, TakesThePageCountFromTheHeaderOfTheImage) {
  Scene scene;
  ASSERT_TRUE(scene.remote.exec("UPDATE t0 SET c = 5").has_value());
  scene.remote.publish_revision();
  Image& image = scene.remote.images[scene.remote.latest()];
  std::size_t counted = image.size();
  image.emplace_back(kPageSize, std::uint8_t{0xab});
  image.emplace_back(kPageSize, std::uint8_t{0xcd});
  ASSERT_TRUE(scene.replica.download(scene.remote, scene.random).has_value());
  auto applied = scene.replica.apply(scene.remote);
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  ASSERT_EQ(applied->published.outcome, Outcome::kCommitted);
  EXPECT_TRUE(scene.replica.base_is_exact(scene.remote)) << "the base keeps them";
  EXPECT_EQ(integrity(scene.replica.app), "ok");
  EXPECT_EQ(scene.live("SELECT sum(c) FROM t0"), 1500);
  EXPECT_LE(scene.live("PRAGMA page_count"), static_cast<std::int64_t>(counted) + 8);
}

// R12: a pull of data leaves prepared statements alone.
TEST(Publish, KeepsTheCookieWhileTheSchemaIsTheSame) {
  Scene scene;
  std::int64_t cookie = scene.live("PRAGMA schema_version");
  auto statement = scene.replica.app.prepare("SELECT sum(c) FROM t0").value();
  ASSERT_TRUE(statement.step().value());
  statement.reset();
  scene.change("UPDATE t0 SET c = 7 WHERE id < 100");
  EXPECT_FALSE(scene.pull().schema_changed);
  EXPECT_EQ(scene.live("PRAGMA schema_version"), cookie);
  ASSERT_TRUE(statement.step().value());
  EXPECT_EQ(sqlite3_stmt_status(statement.handle(), SQLITE_STMTSTATUS_REPREPARE, 0), 0);
}

// R12: a schema that is another one must move the cookie past both, or cached roots would be read.
TEST(Publish, RaisesTheCookieAboveBothWhenTheSchemaChanges) {
  Scene scene;
  ASSERT_TRUE(scene.remote.exec("PRAGMA schema_version=5000").has_value());
  auto statement = scene.replica.app.prepare("SELECT count(*) FROM t0").value();
  ASSERT_TRUE(statement.step().value());
  statement.reset();
  std::int64_t before = scene.live("PRAGMA schema_version");
  scene.change("CREATE TABLE t5(id INTEGER PRIMARY KEY, a); INSERT INTO t5(a) VALUES('x'); VACUUM");
  EXPECT_TRUE(scene.pull().schema_changed);
  EXPECT_GT(scene.live("PRAGMA schema_version"), std::max<std::int64_t>(before, 5000));
  ASSERT_TRUE(statement.step().value());
  EXPECT_EQ(statement.column_int(0), 300);
}

// A remote whose cookie happens to be the one of P, over a schema that is not P's.
TEST(Publish, AnEqualCookieDoesNotHideAnotherSchema) {
  Scene scene;
  std::int64_t cookie = scene.live("PRAGMA schema_version");
  ASSERT_TRUE(scene.replica.app.query_int("SELECT count(*) FROM t0").has_value());
  scene.change(
      concat("DROP TABLE t0; CREATE TABLE z(x); CREATE TABLE t0(id INTEGER PRIMARY KEY, a, b, c);"
             "INSERT INTO t0 VALUES(1, 'one', 2, 3); PRAGMA schema_version=",
             cookie));
  EXPECT_TRUE(scene.pull().schema_changed);
  EXPECT_EQ(scene.live("SELECT count(*) FROM t0"), 1);
  scene.replica.local("INSERT INTO t0(a) VALUES('after')");
  EXPECT_EQ(integrity(scene.replica.app), "ok");
}

TEST(Publish, TheCookieGoesOnPastThirtyOneBits) {
  Scene scene;
  ASSERT_TRUE(scene.replica.app.exec("PRAGMA schema_version=2147483647").has_value());
  scene.change("DROP INDEX ia; DELETE FROM t0 WHERE id > 20; VACUUM");
  scene.pull();
  EXPECT_EQ(static_cast<std::uint32_t>(scene.live("PRAGMA schema_version")), 2147483648u);
  scene.change("CREATE INDEX ib ON t0(b)");
  scene.pull();
  EXPECT_EQ(static_cast<std::uint32_t>(scene.live("PRAGMA schema_version")), 2147483649u);
}

TEST(Publish, ReservedBytesMayChangeBothWays) {
  Scene scene;
  for (int reserved : {12, 32}) {
    SCOPED_TRACE(reserved);
    int wanted = reserved;
    sqlite3_file_control(scene.remote.connection.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &wanted);
    scene.change("VACUUM; INSERT INTO t0(a) VALUES('more')");
    ASSERT_EQ(scene.remote.image(scene.remote.latest())[0][20], reserved);
    scene.pull();
  }
  // SQLite never gives them back in one file; a remote that was made anew has none.
  Remote other(scene.dir.path("other.db"), kPageSize);
  ASSERT_TRUE(other.exec(kRows).has_value());
  other.publish_revision();
  scene.replica.local("INSERT INTO t0(a) VALUES('mine')");
  ASSERT_TRUE(scene.replica.download(other, scene.random, true).has_value());
  auto applied = scene.replica.apply(other);
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  EXPECT_EQ(scene.replica.check(other, scene.dir.path("scratch.db")), "");
}

TEST(Publish, HeaderFieldsOfTheImageArriveAsTheyAre) {
  Scene scene;
  scene.change("PRAGMA user_version=77; PRAGMA application_id=99");
  scene.pull();
  EXPECT_EQ(scene.live("PRAGMA user_version"), 77);
  EXPECT_EQ(scene.live("PRAGMA application_id"), 99);
}

// R9
TEST(Publish, RefusesAnotherTextEncodingBeforeAnyWrite) {
  Scene scene;
  Remote other(scene.dir.path("utf16.db"), kPageSize);
  ASSERT_TRUE(other.exec(concat("PRAGMA encoding='UTF-16le'; ", kRows)).has_value());
  other.publish_revision();
  std::string before = dump(scene.replica.app);
  ASSERT_TRUE(scene.replica.download(other, scene.random, true).has_value());
  auto applied = scene.replica.apply(other);
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().condition, "text_encoding");
  EXPECT_EQ(dump(scene.replica.app), before);
}

TEST(Publish, RefusesAnotherPageSizeBeforeAnyWrite) {
  Scene scene;
  auto writer = sync::LiveWriter::open(scene.replica.files, {4096, 0});
  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error().condition, "page_size");
  EXPECT_NE(writer.error().message.find("page size 1024, expected 4096"), std::string::npos);
}

TEST(Publish, SwitchesARollbackJournalPToWalOrRefuses) {
  Scene scene;
  scene.replica.disconnect();
  {
    auto other = scene.replica.open();
    ASSERT_EQ(other.query_value("PRAGMA journal_mode=DELETE")->text(), "delete");
  }
  scene.change("UPDATE t0 SET c = 1");
  {
    auto reader = scene.replica.open();
    ASSERT_TRUE(reader.exec("BEGIN; SELECT count(*) FROM t0").has_value());
    EXPECT_EQ(scene.refused().kind, ErrorKind::kBusy) << "the mode cannot change while somebody reads";
  }
  scene.replica.connect();
  scene.pull();
  EXPECT_EQ(scene.replica.app.query_value("PRAGMA journal_mode")->text(), "wal") << "R10";
}

// R7: a busy writer, and nothing has changed.
TEST(Publish, ABusyWriterGivesBusy) {
  Scene scene;
  scene.change("UPDATE t0 SET c = 1");
  ASSERT_TRUE(scene.replica.app.exec("BEGIN IMMEDIATE; UPDATE t0 SET c = 2 WHERE id = 1").has_value());
  EXPECT_EQ(scene.refused().kind, ErrorKind::kBusy);
  ASSERT_TRUE(scene.replica.app.exec("ROLLBACK").has_value());
  EXPECT_EQ(scene.live("SELECT c FROM t0 WHERE id = 1"), 1);
  scene.pull();
}

// R11
TEST(Publish, OpenReadersKeepTheirSnapshot) {
  Scene scene;
  auto reader = scene.replica.open();
  ASSERT_TRUE(reader.exec("BEGIN").has_value());
  ASSERT_EQ(reader.query_int("SELECT count(*) FROM t0").value(), 300);
  auto open_statement = scene.replica.app.prepare("SELECT id FROM t0 ORDER BY id").value();
  ASSERT_TRUE(open_statement.step().value());
  scene.change("DELETE FROM t0 WHERE id > 20; VACUUM");
  ASSERT_TRUE(scene.replica.download(scene.remote, scene.random).has_value());
  ASSERT_EQ(scene.replica.apply(scene.remote)->published.outcome, Outcome::kCommitted);
  EXPECT_EQ(reader.query_int("SELECT count(*) FROM t0").value(), 300);
  int rows = 1;
  while (open_statement.step().value()) ++rows;
  EXPECT_EQ(rows, 300);
  ASSERT_FALSE(reader.exec("INSERT INTO t0(a) VALUES('stale')").has_value());
  EXPECT_EQ(sqlite3_extended_errcode(reader.handle()), SQLITE_BUSY_SNAPSHOT);
  ASSERT_TRUE(reader.exec("COMMIT").has_value());
  EXPECT_EQ(reader.query_int("SELECT count(*) FROM t0").value(), 20);
  EXPECT_EQ(scene.replica.check(scene.remote, scene.dir.path("scratch.db")), "");
}

// R5: a connection that has published keeps stale page objects, and its next write corrupts an index. So the
// writer is closed by publish(), whatever comes out, and connections that lived through it are right.
TEST(Publish, TheWriterIsClosedByItsOnePublish) {
  Scene scene;
  auto survivor = scene.replica.open();
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(survivor.query_int("SELECT count(*) FROM t0 WHERE a > 'row 2'").has_value());
    scene.change(concat("DELETE FROM t0 WHERE id % 5 = ", round, "; INSERT INTO t0(a, b) SELECT 'new ' || id || ",
                        round, ", zeroblob(50) FROM t0 LIMIT 60"));
    scene.pull();
    ASSERT_TRUE(survivor
                    .exec(concat("BEGIN; INSERT INTO t0(a) VALUES('own ", round, "'); INSERT INTO plog(sql) ",
                                 "VALUES('INSERT INTO t0(a) VALUES(''own ", round, "'')'); COMMIT"))
                    .has_value());
    EXPECT_EQ(integrity(survivor), "ok");
  }
  scene.change("UPDATE t0 SET c = 0");
  ASSERT_TRUE(scene.replica.download(scene.remote, scene.random).has_value());
  auto changes = sync::ChangesFile::load(scene.replica.files.changes, kPageSize).value();
  sqlite::Overlay::Options options;
  options.page_size = kPageSize;
  options.page_count = changes.header().db_size;
  auto base = sync::BaseFile::open(scene.replica.files, kPageSize, changes.header().from_revision).value();
  options.layers = {&changes, &base};
  sqlite::Overlay overlay(options);
  auto image = sync::seal_staging(overlay.connect().value(), overlay).value();
  auto writer = sync::LiveWriter::open(scene.replica.files, {kPageSize, 0}).value();
  ASSERT_TRUE(writer.begin().has_value());
  ASSERT_EQ(writer.publish(overlay, image, changes.ident())->outcome, Outcome::kCommitted);
  EXPECT_FALSE(static_cast<bool>(writer.connection()));
}

// R8
TEST(Publish, ConnectionsOfUsersCannotWritePages) {
  Scene scene;
  int defensive = 0;
  sqlite3_db_config(scene.replica.app.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, &defensive);
  ASSERT_EQ(defensive, 1);
  EXPECT_FALSE(scene.replica.app.exec("UPDATE sqlite_dbpage SET data = zeroblob(1024) WHERE pgno = 2").has_value());
}

// The first contact of a database that was used before it ever synced.
TEST(Publish, AReplicaThatNeverSyncedKeepsWhatItHas) {
  TempDir dir;
  Random random(5);
  Remote remote(dir.path("remote.db"), kPageSize);
  ASSERT_TRUE(remote.exec(kRows).has_value());
  remote.publish_revision();
  Replica replica(dir.path("p.db"), kPageSize);
  ASSERT_TRUE(replica.create_empty().has_value());
  replica.connect();
  replica.local("CREATE TABLE l1(id INTEGER PRIMARY KEY, a)");
  replica.local("INSERT INTO l1(a) VALUES('before the first contact')");
  Status pulled = replica.pull(remote, random, dir.path("oracle.db"));
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
  EXPECT_EQ(replica.check(remote, dir.path("scratch.db")), "");
  EXPECT_EQ(replica.app.query_int("SELECT count(*) FROM t0").value(), 300);
  EXPECT_EQ(replica.app.query_int("SELECT count(*) FROM l1").value(), 1);
}

// db_size 0 and no pages: an empty database, on first contact and later.
TEST(Publish, AnEmptyRemoteIsAnEmptyDatabase) {
  TempDir dir;
  Random random(5);
  Remote remote(dir.path("remote.db"), kPageSize);
  remote.publish_revision();
  ASSERT_TRUE(remote.image(remote.latest()).empty());
  Replica deferred(dir.path("deferred.db"), kPageSize);
  ASSERT_TRUE(deferred.create_empty().has_value());
  deferred.connect();
  deferred.local("CREATE TABLE l1(id INTEGER PRIMARY KEY, a)");
  Replica booted(dir.path("booted.db"), kPageSize);
  Status first = booted.bootstrap(remote, random);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  for (Replica* replica : {&deferred, &booted}) {
    Status pulled = replica->pull(remote, random, dir.path("oracle.db"));
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
    EXPECT_EQ(replica->check(remote, dir.path("scratch.db")), "");
    EXPECT_EQ(std::filesystem::file_size(replica->files.base), 0u);
  }
  ASSERT_TRUE(remote.exec(kRows).has_value());
  remote.publish_revision();
  for (Replica* replica : {&deferred, &booted}) {
    Status pulled = replica->pull(remote, random, dir.path("oracle.db"));
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
    EXPECT_EQ(replica->check(remote, dir.path("scratch.db")), "");
  }
}

TEST(Publish, TheLockBytePageIsNeverComparedOrWritten) {
  for (std::uint32_t offset : {65536u, 262144u}) {
    SCOPED_TRACE(offset);
    sqlite::set_lock_byte_offset_for_tests(offset);
    {
      Scene scene;
      scene.change("INSERT INTO t0(a, b) SELECT a, zeroblob(2000) FROM t0");
      scene.pull();
      ASSERT_GT(scene.live("PRAGMA page_count"), sqlite::lock_byte_page(kPageSize));
      scene.replica.local("UPDATE t0 SET a = a || '+'");
      scene.change("DELETE FROM t0 WHERE id % 3 = 0; VACUUM; INSERT INTO t0(b) VALUES(zeroblob(150000))");
      scene.pull();
    }
    sqlite::set_lock_byte_offset_for_tests(0x40000000);
  }
}

// ---- creating P ---------------------------------------------------------------------------------------------

TEST(CreateLive, StaleWalOfADeletedPIsNotReplayed) {
  Scene scene;
  Bytes stale_wal;
  {
    Scene other("CREATE TABLE stale(a); INSERT INTO stale VALUES(1)");
    other.replica.local("INSERT INTO stale VALUES(2)");
    stale_wal = read_file(other.replica.files.wal, 1 << 24).value();
    ASSERT_GT(stale_wal.size(), 1000u);
  }
  Replica fresh(scene.dir.path("fresh.db"), kPageSize);
  ASSERT_TRUE(write_file_durably(fresh.files.wal, stale_wal).has_value());
  ASSERT_TRUE(write_file_durably(fresh.files.shm, Bytes(32768, 0x77)).has_value());
  Status booted = fresh.bootstrap(scene.remote, scene.random);
  ASSERT_TRUE(booted.has_value()) << booted.error().message;
  EXPECT_EQ(fresh.check(scene.remote, scene.dir.path("scratch.db")), "");
  auto connection = fresh.open();
  EXPECT_EQ(connection.query_value("PRAGMA journal_mode")->text(), "wal");
}

TEST(CreateLive, NeverReplacesAP) {
  Scene scene;
  ASSERT_TRUE(scene.replica.download(scene.remote, scene.random, true).has_value());
  auto changes = sync::ChangesFile::load(scene.replica.files.changes, kPageSize).value();
  Status created = scene.replica.create_live_from(changes);
  ASSERT_FALSE(created.has_value());
  EXPECT_EQ(created.error().kind, ErrorKind::kMisuse);
}

// R13
TEST(CheckpointAfterPublish, KeepsTheWalBelowItsLimit) {
  Scene scene;
  scene.change("INSERT INTO t0(a, b) SELECT a, zeroblob(3000) FROM t0");
  scene.pull();
  ASSERT_GT(std::filesystem::file_size(scene.replica.files.wal), 500'000u);
  sync::checkpoint_after_publish(scene.replica.idle, scene.replica.files, 10'000'000);
  ASSERT_GT(std::filesystem::file_size(scene.replica.files.wal), 500'000u) << "passive: the file stays";
  sync::checkpoint_after_publish(scene.replica.idle, scene.replica.files, 100'000);
  EXPECT_EQ(std::filesystem::file_size(scene.replica.files.wal), 0u);
  EXPECT_EQ(scene.replica.check(scene.remote, scene.dir.path("scratch.db")), "");
}

}  // namespace
}  // namespace turso::test
