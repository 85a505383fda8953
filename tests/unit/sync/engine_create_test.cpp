// create, open and what may stand at the path.
#include <filesystem>
#include <fstream>

#include "unit/sync/engine_support.hpp"

namespace turso::sync::test {
namespace {

TEST(EngineCreate, ABootstrapDownloadsTheRemote) {
  Remote remote;
  remote.sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1,'a'),(2,'b')");
  Device device;
  auto done = device.create(remote.host());
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(device.query("SELECT id, v FROM t ORDER BY id"), "1,a;2,b");
  ASSERT_EQ(remote.requests.size(), 1U);
  EXPECT_TRUE(wire::encode_pull_request(remote.requests[0]).empty()) << "a plain bootstrap asks with an empty body";
  Stats stats = device.stats();
  EXPECT_EQ(stats.revision, remote.revision());
  EXPECT_EQ(stats.cdc_operations, 0);
  EXPECT_GT(stats.network_received_bytes, 2 * 4096);
  EXPECT_FALSE(file_exists(device.config.path + "-changes"));
  EXPECT_EQ(*read_file(device.config.path + "-base", 1 << 20), remote.image()) << "P-base is the remote, byte for byte";
}

TEST(EngineCreate, ABodyInPiecesOfAnySizeIsTheSame) {
  for (std::size_t piece : {1U, 7U, 4095U, 70000U}) {
    Remote remote;
    remote.sql("CREATE TABLE t(v); INSERT INTO t VALUES (randomblob(9000))");
    Device device;
    ASSERT_TRUE(device.create(remote.host(piece)).has_value());
    EXPECT_EQ(device.query("SELECT count(*), length(v) FROM t"), "1,9000") << piece;
  }
}

TEST(EngineCreate, AChunkedBootstrapIsPinnedToTheFirstRevision) {
  Remote remote;
  remote.sql("CREATE TABLE t(v); INSERT INTO t VALUES (zeroblob(40000))");
  auto pages = remote.image().size() / 4096;
  Device device;
  device.config.pull_bytes_threshold = 3 * 4096;
  auto done = device.create(remote.host());
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(remote.requests.size(), (pages + 2) / 3);
  EXPECT_EQ(remote.requests[0].server_revision, "");
  for (std::size_t i = 1; i < remote.requests.size(); ++i) {
    EXPECT_EQ(remote.requests[i].server_revision, remote.revision());
  }
  EXPECT_EQ(device.query("SELECT length(v) FROM t"), "40000");
}

TEST(EngineCreate, ARemoteThatMovesBetweenChunksIsRefused) {
  Remote remote;
  remote.sql("CREATE TABLE t(v); INSERT INTO t VALUES (zeroblob(40000))");
  Device device;
  device.config.pull_bytes_threshold = 4096;
  auto done = device.create([&](IoItem& item) {
    answer(item, 200, remote.pull(item));
    remote.sql("INSERT INTO t VALUES (1)");
  });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::kProtocol);
  EXPECT_FALSE(file_exists(device.config.path));
}

TEST(EngineCreate, AnEmptyRemoteGivesAnEmptyReplica) {
  Device device;
  auto done = device.create([](IoItem& item) {
    constexpr std::uint8_t kEmpty[] = {0x05, 0x0a, 0x01, 0x30, 0x1a, 0x00};
    answer(item, 200, kEmpty);
  });
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(device.stats().revision, "0");
  device.sql("CREATE TABLE t(x); INSERT INTO t VALUES (1)");
  EXPECT_EQ(device.query("SELECT x FROM t"), "1");
}

TEST(EngineCreate, ADeferredReplicaNeedsNoNetwork) {
  Device device;
  device.config.bootstrap_if_empty = false;
  auto done = device.create(no_io);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  device.sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1,'x')");
  EXPECT_EQ(device.stats().revision, "");
  EXPECT_GT(device.stats().cdc_operations, 0) << "changes are captured from the first connection on";
}

TEST(EngineCreate, ADownloadOfADatabaseThatIsGoneIsNotAppliedToANewOne) {
  Remote remote;
  remote.sql("CREATE TABLE old(x)");
  Device device;
  {
    // A bootstrap that died between its download and its database.
    ASSERT_TRUE(device.create(remote.host()).has_value());
    ASSERT_TRUE(remove_file(device.config.path + "-base").has_value());
    device.close();
    ASSERT_TRUE(device.open().has_value());
    ASSERT_NE(*device.wait(remote.host()), nullptr);
    device.close();
    ASSERT_TRUE(remove_file(device.config.path).has_value());
  }
  device.config.bootstrap_if_empty = false;
  ASSERT_TRUE(device.create(no_io).has_value());
  Remote other;
  other.lineage = "b";
  other.sql("CREATE TABLE fresh(x)");
  auto pulled = device.pull(other.host());
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
  EXPECT_EQ(other.requests.back().client_revision, "") << "nothing of the old remote is asked for or kept";
  EXPECT_EQ(device.query("SELECT name FROM sqlite_schema WHERE name IN ('old','fresh')"), "fresh");
}

TEST(EngineCreate, ADeferredReplicaReservesTheBytesOfTheCipher) {
  Device device;
  device.config.bootstrap_if_empty = false;
  device.config.remote_encryption_cipher = "aes-256-gcm";
  ASSERT_TRUE(device.create(no_io).has_value());
  device.sql("CREATE TABLE t(x)");
  ASSERT_TRUE(device.checkpoint().has_value());
  device.close();
  EXPECT_EQ((*read_file(device.config.path, 1 << 20))[20], 28);
}

TEST(EngineCreate, AnUnknownCipherIsNamed) {
  Device device;
  device.config.remote_encryption_cipher = "rot13";
  auto made = Engine::make(device.config);
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message,
              testing::HasSubstr("remote_encryption_cipher rot13 is unknown; known are aes256gcm"));
}

TEST(EngineCreate, AnExistingReplicaIsOpenedWithoutNetwork) {
  Remote remote;
  remote.sql("CREATE TABLE t(x); INSERT INTO t VALUES (1)");
  Device device;
  ASSERT_TRUE(device.create(remote.host()).has_value());
  device.sql("INSERT INTO t VALUES (2)");
  Stats before = device.stats();
  device.close();
  ASSERT_TRUE(device.create(no_io).has_value());
  EXPECT_EQ(device.query("SELECT x FROM t ORDER BY x"), "1;2");
  EXPECT_EQ(device.stats().revision, before.revision);
  EXPECT_EQ(device.stats().cdc_operations, before.cdc_operations);
  device.close();
  ASSERT_TRUE(device.open().has_value());
  EXPECT_EQ(device.query("SELECT count(*) FROM t"), "2");
}

TEST(EngineCreate, TheRemoteUrlIsSaved) {
  Remote remote;
  Device device;
  ASSERT_TRUE(device.create(remote.host()).has_value());
  device.close();
  device.config.remote_url = "";
  ASSERT_TRUE(device.open().has_value());
  std::string url;
  auto waited = device.wait([&](IoItem& item) {
    url = item.url;
    answer(item, 200, remote.pull(item));
  });
  ASSERT_TRUE(waited.has_value()) << waited.error().message;
  EXPECT_EQ(url, "http://remote");
}

TEST(EngineCreate, OpenWithoutAReplicaSaysSo) {
  Device device;
  auto opened = device.open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().message, testing::HasSubstr("metadata not found"));
  EXPECT_FALSE(file_exists(device.config.path));
}

TEST(EngineCreate, OperationsBeforeCreateAreMisuse) {
  Device device;
  auto operation = device.engine().push();
  auto result = operation->resume();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kMisuse);
}

TEST(EngineCreate, ADatabaseThatIsNoReplicaIsNeverOverwritten) {
  Device device;
  {
    auto plain = sqlite::Connection::open(device.config.path, {});
    ASSERT_TRUE(plain->exec("CREATE TABLE precious(x); INSERT INTO precious VALUES (42)").has_value());
  }
  Bytes before = *read_file(device.config.path, 1 << 20);
  auto done = device.create(no_io);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().condition, "not_a_replica");
  EXPECT_THAT(done.error().message, testing::HasSubstr("choose another path, or move it away and bootstrap"));
  EXPECT_EQ(*read_file(device.config.path, 1 << 20), before);
}

TEST(EngineCreate, AReplicaOfTheOfficialClientIsRefused) {
  Device device;
  {
    auto plain = sqlite::Connection::open(device.config.path, {});
    ASSERT_TRUE(plain->exec("CREATE TABLE t(x)").has_value());
  }
  std::ofstream(device.config.path + "-info") << R"({"version":"v1","client_unique_id":"turso-sync-js-1"})";
  auto done = device.create(no_io);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().condition, "not_a_replica");
  EXPECT_THAT(done.error().message, testing::HasSubstr("is a replica that another client made"));
}

TEST(EngineCreate, AFileThatIsNotSqliteIsNamed) {
  Device device;
  std::ofstream(device.config.path) << std::string(5000, 'x');
  auto done = device.create(no_io);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::kNotADatabase);
  EXPECT_THAT(done.error().message, testing::HasSubstr(device.config.path));
}

TEST(EngineCreate, AFileOfNoBytesIsAsGoodAsNone) {
  Remote remote;
  remote.sql("CREATE TABLE t(x)");
  Device device;
  std::ofstream(device.config.path).flush();
  ASSERT_TRUE(device.create(remote.host()).has_value());
  EXPECT_EQ(device.query("SELECT count(*) FROM t"), "0");
}

TEST(EngineCreate, AWalWithoutItsDatabaseIsNotThrownAway) {
  Device device;
  std::ofstream(device.config.path + "-wal") << "frames";
  auto done = device.create(no_io);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().condition, "not_a_replica");
  EXPECT_TRUE(file_exists(device.config.path + "-wal"));
}

TEST(EngineCreate, AMemoryReplicaLeavesNothing) {
  Remote remote;
  remote.sql("CREATE TABLE t(x); INSERT INTO t VALUES (5)");
  Device device;
  device.config.path = ":memory:";
  std::string file;
  ASSERT_TRUE(device.create(remote.host()).has_value());
  EXPECT_EQ(device.query("SELECT x FROM t"), "5");
  file = device.query("SELECT file FROM pragma_database_list WHERE name='main'");
  ASSERT_TRUE(file_exists(file));
  device.close();
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(file).parent_path()));
}

TEST(EngineCreate, TheInfoFileHasTheOfficialShape) {
  Remote remote;
  Device device;
  ASSERT_TRUE(device.create(remote.host()).has_value());
  std::string info(as_text(*read_file(device.config.path + "-info", 1 << 20)));
  EXPECT_THAT(info, testing::StartsWith(R"({"version":"v1","client_unique_id":"device-)"));
  EXPECT_THAT(info,
              testing::HasSubstr(concat(R"("synced_revision":{"type":"v1","revision":")", remote.revision(), "\"}")));
  EXPECT_THAT(info, testing::HasSubstr(R"("saved_configuration":{"remote_url":"http://remote")"));
}

TEST(EngineCreate, AHostThatAskedForItDoesTheInfoFile) {
  Remote remote;
  Device device;
  device.config.async_io = true;
  std::vector<std::string> seen;
  auto done = device.create([&](IoItem& item) {
    switch (item.kind) {
      case IoKind::kFullRead:
        seen.push_back("read " + item.file_path);
        ASSERT_TRUE(item.done());
        break;
      case IoKind::kFullWrite:
        seen.push_back("write " + item.file_path);
        ASSERT_TRUE(item.done());
        break;
      default: seen.push_back(item.path); answer(item, 200, remote.pull(item));
    }
  });
  ASSERT_TRUE(done.has_value()) << done.error().message;
  std::string info = device.config.path + "-info";
  EXPECT_EQ(seen, (std::vector<std::string>{"read " + info, "/pull-updates", "write " + info}));
}

}  // namespace
}  // namespace turso::sync::test
