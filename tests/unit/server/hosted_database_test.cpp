// Which files are served, and that a file which is not what it was is never taken for it.
#include "server/hosted_database.hpp"

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "server_fixture.hpp"

namespace turso::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class Hosted : public ServerTest {
 protected:
  Error refused(ServiceOptions with) {
    Service service(std::move(with), environment_);
    auto opened = service.open();
    EXPECT_FALSE(opened.has_value()) << "was opened";
    return opened.has_value() ? Error{} : opened.error();
  }
  Error refused() { return refused(options()); }
  // A replica that has taken in everything, and the size of that.
  void bootstrap() {
    everything_ = client_.take(pull());
    ASSERT_GT(everything_, 1u);
  }
  ImageClient client_;
  std::size_t everything_ = 0;
};

TEST_F(Hosted, AnotherPageSizeIsRefusedWithBothNumbers) {
  foreign("PRAGMA page_size=8192; CREATE TABLE t(x)");
  Bytes before = read_file(path_, 1 << 20).value();
  EXPECT_EQ(refused().message, path_ + ": page size is 8192, expected 4096");
  EXPECT_EQ(read_file(path_, 1 << 20).value(), before);
  EXPECT_THAT(dir_.entries(), UnorderedElementsAre("served.db"));
}

TEST_F(Hosted, AnotherEncodingIsRefused) {
  foreign("PRAGMA encoding='UTF-16le'; CREATE TABLE t(x)");
  EXPECT_EQ(refused().message, path_ + ": text encoding is 'UTF-16le', expected 'UTF-8'");
}

TEST_F(Hosted, AFileThatIsNotSQLiteIsRefusedAndLeftAlone) {
  Bytes text = to_bytes(std::string(5000, 'x'));
  ASSERT_TRUE(write_file_durably(path_, text).has_value());
  Error error = refused();
  EXPECT_EQ(error.kind, ErrorKind::kNotADatabase);
  EXPECT_THAT(error.message, HasSubstr(path_));
  EXPECT_EQ(read_file(path_, 1 << 20).value(), text);
}

TEST_F(Hosted, ADatabaseMadeElsewhereIsServedWhole) {
  foreign(
      "PRAGMA journal_mode=DELETE; CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(50000)); PRAGMA user_version=7");
  start();
  client_.take(pull());
  EXPECT_EQ(client_.image, image_of(path_));
  EXPECT_EQ(run("PRAGMA user_version").rows.at(0).at(0), Value(7));
  EXPECT_EQ(run("PRAGMA journal_mode").rows.at(0).at(0), Value("wal"));
}

TEST_F(Hosted, AReplicaIsRefusedByTheNameOfItsTable) {
  foreign("CREATE TABLE Turso_CDC(x); CREATE TABLE turso_sync_last_change_id(x)");
  Error error = refused();
  EXPECT_EQ(error.kind, ErrorKind::kSchema);
  EXPECT_THAT(error.message, HasSubstr("Turso_CDC"));
  EXPECT_FALSE(file_exists(path_ + "-pages"));
}

TEST_F(Hosted, AReplicaIsStrippedWhenAsked) {
  foreign(
      "CREATE TABLE turso_cdc(x); CREATE INDEX i ON turso_cdc(x); CREATE VIEW turso_sync_meta AS SELECT 1;"
      "CREATE TABLE turso_sync_last_change_id(x); CREATE TABLE turso_foo(x)");
  ServiceOptions strip = options();
  strip.strip_bookkeeping = true;
  start(strip);
  auto names = run("SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema ORDER BY name)");
  EXPECT_EQ(names.rows.at(0).at(0), Value("turso_foo turso_sync_last_change_id"));
  client_.take(pull());
  EXPECT_EQ(client_.image, image_of(path_));
}

TEST_F(Hosted, ATableOfAReplicaThatAppearsLaterIsNotServed) {
  start();
  run("CREATE TABLE t(x)");
  foreign("CREATE TABLE turso_cdc(x)");
  Reply reply = pull_reply({});
  EXPECT_EQ(reply.status, 409);
  EXPECT_THAT(reply.body, HasSubstr("turso_cdc"));
  foreign("DROP TABLE turso_cdc");
  EXPECT_EQ(pull_reply({}).status, 200);
}

TEST_F(Hosted, ACleanRestartGoesOnWhereItWas) {
  start();
  run("CREATE TABLE t(x)");
  bootstrap();
  stop();
  EXPECT_THAT(dir_.entries(), UnorderedElementsAre("served.db", "served.db-pages"));
  start();
  Pulled again = pull(client_.revision);
  EXPECT_EQ(again.header.server_revision, client_.revision);
  EXPECT_THAT(again.pages, IsEmpty());
  run("INSERT INTO t VALUES(1)");
  client_.take(pull(client_.revision));
  EXPECT_EQ(client_.image, image_of(path_));
}

TEST_F(Hosted, AfterACrashEverythingIsSentAgain) {
  start();
  run("CREATE TABLE t(x)");
  bootstrap();
  crash();
  start();
  EXPECT_THAT(pull(client_.revision).pages, SizeIs(everything_));
}

TEST_F(Hosted, AWriteWhileTheServerWasAwayBeginsALineage) {
  start();
  run("CREATE TABLE t(x)");
  bootstrap();
  stop();
  foreign("INSERT INTO t VALUES(1)");
  start();
  EXPECT_THAT(pull(client_.revision).pages, SizeIs(everything_));
}

TEST_F(Hosted, ARestoredFileBeginsALineage) {
  start();
  run("CREATE TABLE t(x)");
  stop();
  std::filesystem::copy_file(path_, dir_.path("backup"));
  std::filesystem::copy_file(path_ + "-pages", dir_.path("backup-pages"));
  start();
  run("INSERT INTO t VALUES(1)");
  bootstrap();
  stop();
  // The map of the backup is whole and clean; it is not that of this file.
  auto overwrite = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(dir_.path("backup"), path_, overwrite);
  std::filesystem::copy_file(dir_.path("backup-pages"), path_ + "-pages", overwrite);
  start();
  run("INSERT INTO t VALUES(2)");
  client_.take(pull(client_.revision));
  EXPECT_EQ(client_.image, image_of(path_));
}

TEST_F(Hosted, AWriteByAnotherProgramIsAnOrdinaryChange) {
  start();
  run("CREATE TABLE t(x)");
  run("CREATE TABLE u(x)");
  bootstrap();
  foreign("PRAGMA wal_autocheckpoint=0; INSERT INTO u VALUES(1)");
  Pulled changed = pull(client_.revision);
  EXPECT_THAT(changed.pages, SizeIs(1));
  client_.take(changed);
  EXPECT_EQ(client_.image, image_of(path_));
}

TEST_F(Hosted, ALogBegunAnewByAnotherProgramBeginsALineage) {
  start();
  run("CREATE TABLE t(x)");
  bootstrap();
  foreign("PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t VALUES(1)");
  Pulled all = pull(client_.revision);
  EXPECT_THAT(all.pages, SizeIs(everything_));
  client_.take(all);
  run("INSERT INTO t VALUES(2)");
  EXPECT_THAT(pull(client_.revision).pages, SizeIs(1));
}

// Each commit touches one of many tables and the table of their sum; a replica that got some pages of one
// commit and others of the next has a sum that is wrong. The writer writes only while somebody pulls, so that
// between two pulls most tables stay as they are.
TEST_F(Hosted, AProgramThatWritesWithoutAPauseNeverTearsAReplica) {
  constexpr int kTables = 200;
  start();
  std::string create = "BEGIN; CREATE TABLE total AS SELECT 0 AS v;";
  std::string sum = "SELECT 0";
  for (int i = 0; i < kTables; ++i) {
    create += "CREATE TABLE t" + std::to_string(i) + " AS SELECT 0 AS v;";
    sum += "+(SELECT v FROM t" + std::to_string(i) + ")";
  }
  foreign(create + "COMMIT");
  std::atomic<bool> pulling{false};
  std::atomic<bool> enough{false};
  std::thread writer([&] {
    auto connection = sqlite::Connection::open(path_, {.busy_timeout_ms = 5000});
    EXPECT_TRUE(connection->exec("PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=0").has_value());
    for (int i = 0; !enough; ++i) {
      while (!pulling && !enough) std::this_thread::yield();
      EXPECT_TRUE(connection
                      ->exec("BEGIN IMMEDIATE; UPDATE t" + std::to_string(i % kTables) +
                             " SET v=v+1; UPDATE total SET v=v+1; COMMIT")
                      .has_value());
    }
  });
  std::string copy = dir_.path("copy.db");
  for (int pulls = 0; pulls < 60 && !HasFailure(); ++pulls) {
    pulling = true;
    Pulled pulled = pull(client_.revision);
    pulling = false;
    client_.take(pulled);
    Bytes bytes;
    for (const auto& [number, page] : client_.image) append(bytes, page);
    EXPECT_TRUE(write_file_durably(copy, bytes).has_value());
    auto replica = sqlite::Connection::open(copy, {});
    EXPECT_EQ(replica->query_int(sum).value(), replica->query_int("SELECT v FROM total").value());
  }
  enough = true;
  writer.join();
}

// The log is empty after a restart, and empty again when the other program is done.
TEST_F(Hosted, AWriteThatLeftNoTraceInTheLogIsSeen) {
  start();
  run("CREATE TABLE t(x)");
  for (bool write_before_the_pull : {false, true}) {
    bootstrap();
    stop();
    start();
    foreign("INSERT INTO t VALUES('hidden'); PRAGMA wal_checkpoint(TRUNCATE)");
    if (write_before_the_pull) run("CREATE TABLE u(x)");
    client_.take(pull(client_.revision));
    EXPECT_EQ(client_.image, image_of(path_));
  }
}

TEST_F(Hosted, AProgramThatStillReadsAtTheEndIsNoCleanClose) {
  start();
  run("CREATE TABLE t(x)");
  bootstrap();
  auto reader = sqlite::Connection::open(path_, {});
  ASSERT_TRUE(reader->exec("BEGIN; SELECT * FROM t").has_value());
  run("INSERT INTO t VALUES(1)");
  stop();
  ASSERT_TRUE(reader->exec("COMMIT; INSERT INTO t VALUES(2)").has_value());
  ASSERT_TRUE(reader->close().has_value());
  start();
  client_.take(pull(client_.revision));
  EXPECT_EQ(client_.image, image_of(path_));
}

TEST_F(Hosted, AFileMovedToThePathIsServedInstead) {
  start();
  run("CREATE TABLE t(x)");
  bootstrap();
  std::string other = dir_.path("other.db");
  std::swap(path_, other);
  foreign("CREATE TABLE other(x); INSERT INTO other VALUES(zeroblob(9000))");
  std::swap(path_, other);
  std::filesystem::rename(other, path_);
  client_.take(pull(client_.revision));
  EXPECT_EQ(client_.image, image_of(path_));
  EXPECT_EQ(run("SELECT count(*) FROM other").rows.at(0).at(0), Value(1));
  EXPECT_EQ(run("PRAGMA integrity_check").rows.at(0).at(0), Value("ok"));
}

TEST_F(Hosted, TheLogDoesNotGrowForEver) {
  start();
  run("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  for (int i = 0; i < 40; ++i) run("INSERT OR REPLACE INTO t VALUES(1, randomblob(400000))");
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 3 * limits::kServerCheckpointFrames * 4096);
  client_.take(pull());
  EXPECT_EQ(client_.image, image_of(path_));
}

}  // namespace
}  // namespace turso::server
