// wait and apply against a remote that serves images: what moves, what is kept, what a restart finds.
#include "unit/sync/engine_support.hpp"

namespace turso::sync::test {
namespace {

class EnginePull : public testing::Test {
 protected:
  void SetUp() override {
    remote.sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1,'a'),(2,'b')");
    auto done = device.create(remote.host());
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  void expect_pull(bool news) {
    auto pulled = device.pull(remote.host());
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
    EXPECT_EQ(*pulled, news);
  }
  std::string rows() { return device.query("SELECT id, v FROM t ORDER BY id"); }

  Remote remote;
  Device device;
};

TEST_F(EnginePull, NothingNewIsNullChanges) {
  auto changes = device.wait(remote.host());
  ASSERT_TRUE(changes.has_value()) << changes.error().message;
  EXPECT_EQ(*changes, nullptr);
  EXPECT_EQ(remote.requests.back().client_revision, remote.revision());
}

TEST_F(EnginePull, RemoteChangesArrive) {
  remote.sql("UPDATE t SET v='A' WHERE id=1; INSERT INTO t VALUES (3,'c')");
  expect_pull(true);
  EXPECT_EQ(rows(), "1,A;2,b;3,c");
  EXPECT_EQ(device.stats().revision, remote.revision());
  EXPECT_EQ(*read_file(device.config.path + "-base", 1 << 20), remote.image());
  EXPECT_FALSE(file_exists(device.config.path + "-changes"));
}

TEST_F(EnginePull, PendingLocalChangesStayOnTop) {
  device.sql("UPDATE t SET v='mine' WHERE id=2; INSERT INTO t VALUES (9,'new')");
  auto pending = device.stats().cdc_operations;
  remote.sql("UPDATE t SET v='A' WHERE id=1; DELETE FROM t WHERE id=7");
  expect_pull(true);
  EXPECT_EQ(rows(), "1,A;2,mine;9,new");
  EXPECT_EQ(device.stats().cdc_operations, pending) << "nothing was pushed, so all of it is still pending";
}

TEST_F(EnginePull, ARevisionThatMovesWithoutPagesIsStored) {
  auto answer_without_pages = [&](IoItem& item) {
    answer(item, 200, framed(header_of("a:99", remote.image().size() / 4096)));
  };
  auto pulled = device.pull(answer_without_pages);
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
  EXPECT_FALSE(*pulled);
  EXPECT_EQ(device.stats().revision, "a:99");
  device.close();
  ASSERT_TRUE(device.open().has_value());
  EXPECT_EQ(device.stats().revision, "a:99");
  remote.sql("INSERT INTO t VALUES (4,'d')");
  expect_pull(true);
  EXPECT_EQ(rows(), "1,a;2,b;4,d") << "the base was found in order";
}

TEST_F(EnginePull, AFinishedDownloadSurvivesARestart) {
  remote.sql("INSERT INTO t VALUES (3,'c')");
  ASSERT_NE(*device.wait(remote.host()), nullptr);
  device.close();
  ASSERT_TRUE(device.open().has_value());
  EXPECT_EQ(rows(), "1,a;2,b") << "a download is not visible before apply";
  auto before = remote.requests.size();
  expect_pull(true);
  EXPECT_EQ(rows(), "1,a;2,b;3,c");
  EXPECT_EQ(remote.requests.size(), before + 1);
  EXPECT_EQ(remote.requests.back().client_revision, remote.revision()) << "it goes on from what was downloaded";
}

TEST_F(EnginePull, AKeptDownloadIsToppedUp) {
  remote.sql("INSERT INTO t VALUES (3,'c')");
  ASSERT_NE(*device.wait(remote.host()), nullptr);
  remote.sql("DELETE FROM t WHERE id=1");
  expect_pull(true);
  EXPECT_EQ(rows(), "2,b;3,c");
  EXPECT_EQ(device.stats().revision, remote.revision());
}

TEST_F(EnginePull, ApplyOfChangesThatWereAppliedDoesNothing) {
  remote.sql("INSERT INTO t VALUES (3,'c')");
  auto first = *device.wait(remote.host());
  auto second = *device.wait(remote.host());
  ASSERT_TRUE(device.apply(first).has_value());
  ASSERT_TRUE(device.apply(second).has_value());
  EXPECT_EQ(rows(), "1,a;2,b;3,c");
}

TEST_F(EnginePull, ApplyOfNullOrForeignChangesIsMisuse) {
  EXPECT_EQ(device.apply(nullptr).error().kind, ErrorKind::kMisuse);
  Device other;
  ASSERT_TRUE(other.create(remote.host()).has_value());
  remote.sql("INSERT INTO t VALUES (3,'c')");
  auto theirs = *other.wait(remote.host());
  EXPECT_EQ(device.apply(theirs).error().kind, ErrorKind::kMisuse);
}

TEST_F(EnginePull, ABusyWriterMakesApplyBusyAndNothingElse) {
  remote.sql("INSERT INTO t VALUES (3,'c')");
  device.sql("BEGIN IMMEDIATE; INSERT INTO t VALUES (8,'mine')");
  auto changes = *device.wait(remote.host());
  auto applied = device.apply(changes);
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().kind, ErrorKind::kBusy);
  device.sql("COMMIT");
  EXPECT_EQ(rows(), "1,a;2,b;8,mine");
  expect_pull(true);
  EXPECT_EQ(rows(), "1,a;2,b;3,c;8,mine");
}

TEST_F(EnginePull, AReaderKeepsItsSnapshotThroughAnApply) {
  device.sql("BEGIN");
  EXPECT_EQ(rows(), "1,a;2,b");
  remote.sql("INSERT INTO t VALUES (3,'c')");
  expect_pull(true);
  EXPECT_EQ(rows(), "1,a;2,b");
  device.sql("COMMIT");
  EXPECT_EQ(rows(), "1,a;2,b;3,c");
}

TEST_F(EnginePull, AReplayThatFailsIsATypedConflictAndNothingIsLost) {
  remote.sql("CREATE TABLE u(id INTEGER PRIMARY KEY, y UNIQUE)");
  expect_pull(true);
  device.sql("INSERT INTO u VALUES (1, 7)");
  remote.sql("INSERT INTO u VALUES (2, 7)");
  auto pulled = device.pull(remote.host());
  ASSERT_FALSE(pulled.has_value());
  EXPECT_EQ(pulled.error().kind, ErrorKind::kConflict);
  ASSERT_NE(pulled.error().subject, nullptr);
  EXPECT_EQ(pulled.error().subject->table, "u");
  EXPECT_EQ(pulled.error().subject->constraint, "UNIQUE constraint failed: u.y");
  EXPECT_GT(pulled.error().subject->change_id, 0);
  EXPECT_EQ(device.query("SELECT id, y FROM u"), "1,7") << "the live file is untouched and usable";
  EXPECT_TRUE(file_exists(device.config.path + "-changes"));

  remote.sql("DELETE FROM u WHERE id=2");
  expect_pull(true);
  EXPECT_EQ(device.query("SELECT id, y FROM u"), "1,7");
}

TEST_F(EnginePull, ALostBaseIsDownloadedAgainWholeAndLocalChangesSurvive) {
  device.sql("INSERT INTO t VALUES (5,'mine')");
  for (std::string suffix : {"-base", "-base-info"}) {
    SCOPED_TRACE(suffix);
    device.close();
    ASSERT_TRUE(remove_file(device.config.path + suffix).has_value());
    ASSERT_TRUE(device.open().has_value());
    EXPECT_EQ(rows(), "1,a;2,b;5,mine");
    expect_pull(true);
    EXPECT_EQ(remote.requests.back().client_revision, "") << "everything is asked for";
    EXPECT_EQ(rows(), "1,a;2,b;5,mine");
    EXPECT_EQ(*read_file(device.config.path + "-base", 1 << 20), remote.image());
  }
}

TEST_F(EnginePull, ADamagedBaseIsFoundWhileItIsReadAndRepairedByTheNextPull) {
  remote.sql("CREATE TABLE filler(x); INSERT INTO filler VALUES (zeroblob(100000))");
  expect_pull(true);
  device.sql("INSERT INTO t VALUES (5,'mine')");
  Bytes base = *read_file(device.config.path + "-base", 1 << 20);
  for (std::size_t page = 1; page < base.size() / 4096; ++page) base[page * 4096 + 100] ^= 1;
  {
    auto file = File::open(device.config.path + "-base", File::Mode::kReadWrite);
    ASSERT_TRUE(file->write_at(0, base).has_value());
  }
  // A server that sends only page 1, so that the damaged pages are needed.
  remote.sql("PRAGMA user_version=9");
  auto changes = device.wait([&](IoItem& item) {
    Bytes pages = remote.image();
    Bytes body = framed(header_of(remote.revision(), pages.size() / 4096));
    wire::append_page_message(body, 0, ByteView(pages).first(4096));
    answer(item, 200, body);
  });
  ASSERT_TRUE(changes.has_value()) << changes.error().message;
  auto applied = device.apply(*changes);
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().kind, ErrorKind::kCorrupt);
  EXPECT_THAT(applied.error().message, testing::HasSubstr("the next pull downloads a complete image"));
  EXPECT_EQ(rows(), "1,a;2,b;5,mine");
  expect_pull(true);
  EXPECT_EQ(rows(), "1,a;2,b;5,mine");
  EXPECT_EQ(device.query("PRAGMA user_version"), "9");
}

TEST_F(EnginePull, ADamagedDownloadIsRefusedAndDownloadedAgain) {
  remote.sql("INSERT INTO t VALUES (3,'c')");
  auto changes = *device.wait(remote.host());
  {
    auto file = File::open(device.config.path + "-changes", File::Mode::kReadWrite);
    ASSERT_TRUE(file->truncate(*file->size() - 10).has_value());
  }
  auto applied = device.apply(changes);
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().kind, ErrorKind::kCorrupt);
  EXPECT_THAT(applied.error().message, testing::HasSubstr("-changes"));
  EXPECT_EQ(rows(), "1,a;2,b");
  expect_pull(true);
  EXPECT_EQ(rows(), "1,a;2,b;3,c");
}

// The index is whole, so that only reading the page tells; kept, the download would fail again and again.
TEST_F(EnginePull, ADownloadWithADamagedPageIsDownloadedAgain) {
  device.sql("INSERT INTO t VALUES (5,'mine')");
  remote.sql("INSERT INTO t VALUES (3,'c')");
  auto changes = *device.wait(remote.host());
  {
    auto file = File::open(device.config.path + "-changes", File::Mode::kReadWrite);
    for (std::uint64_t page_at = 4096; page_at + 4096 < *file->size(); page_at += 4096)
      ASSERT_TRUE(file->write_at(page_at + 50, as_bytes("damaged")).has_value());
  }
  auto applied = device.apply(changes);
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().condition, "changes_damaged");
  EXPECT_EQ(rows(), "1,a;2,b;5,mine");
  expect_pull(true);
  EXPECT_EQ(rows(), "1,a;2,b;3,c;5,mine");
}

TEST_F(EnginePull, AKeptDownloadWithADamagedPageEndsOneWaitOnly) {
  remote.sql("INSERT INTO t VALUES (3,'c')");
  ASSERT_NE(*device.wait(remote.host()), nullptr);
  {
    auto file = File::open(device.config.path + "-changes", File::Mode::kReadWrite);
    ASSERT_TRUE(file->write_at(4096 + 100, as_bytes("damage")).has_value());
  }
  remote.sql("INSERT INTO t VALUES (4,'d')");
  auto waited = device.wait(remote.host());
  ASSERT_FALSE(waited.has_value());
  EXPECT_EQ(waited.error().kind, ErrorKind::kCorrupt) << waited.error().message;
  expect_pull(true);
  EXPECT_EQ(rows(), "1,a;2,b;3,c;4,d");
}

TEST_F(EnginePull, ARemoteOfAnotherLineageSendsEverything) {
  device.sql("INSERT INTO t VALUES (5,'mine')");
  remote.lineage = "b";
  remote.sql("DELETE FROM t; INSERT INTO t VALUES (40,'other')");
  expect_pull(true);
  EXPECT_EQ(rows(), "5,mine;40,other");
}

TEST_F(EnginePull, ADeferredReplicaPutsItsChangesOnTopOfTheFirstPull) {
  Device late;
  late.config.bootstrap_if_empty = false;
  ASSERT_TRUE(late.create(no_io).has_value());
  late.sql("CREATE TABLE own(x); INSERT INTO own VALUES (1)");
  auto pulled = late.pull(remote.host());
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
  EXPECT_TRUE(*pulled);
  EXPECT_EQ(late.query("SELECT id, v FROM t ORDER BY id"), "1,a;2,b");
  EXPECT_EQ(late.query("SELECT x FROM own"), "1");
}

TEST_F(EnginePull, CheckpointEmptiesTheWal) {
  device.sql("INSERT INTO t VALUES (5,'mine')");
  EXPECT_GT(device.stats().main_wal_size, 0);
  auto done = device.checkpoint();
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(device.stats().main_wal_size, 0);
  EXPECT_EQ(device.stats().revert_wal_size, 0);
  remote.sql("INSERT INTO t VALUES (3,'c')");
  expect_pull(true);
  EXPECT_EQ(rows(), "1,a;2,b;3,c;5,mine");
}

TEST_F(EnginePull, PushAndStatsRunBesideAWaitThatWaits) {
  auto waiting = device.engine().wait();
  ASSERT_EQ(*waiting->resume(), OperationState::kIo);
  auto held = device.engine().take_io_item();
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->path, "/pull-updates");
  EXPECT_EQ(device.stats().cdc_operations, 0);
  auto pushed = device.push(no_io);  // nothing is pending, so nothing is sent
  EXPECT_TRUE(pushed.has_value()) << pushed.error().message;
  remote.sql("INSERT INTO t VALUES (3,'c')");
  answer(*held, 200, remote.pull(*held));
  ASSERT_EQ(*waiting->resume(), OperationState::kDone);
  ASSERT_TRUE(device.apply(waiting->take_changes()).has_value());
  EXPECT_EQ(rows(), "1,a;2,b;3,c");
}

TEST_F(EnginePull, ASecondHandleOfThePathJoinsAndADifferentConfigurationIsMisuse) {
  auto second = Engine::make(device.config);
  ASSERT_TRUE(second.has_value());
  auto create = (*second)->create();
  ASSERT_EQ(*create->resume(), OperationState::kDone) << "the engine is there, nothing is to be done";
  Config other = device.config;
  other.push_operations_threshold = 5;
  auto refused = Engine::make(other);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kMisuse);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("push_operations_threshold"));

  auto waiting = device.engine().wait();
  ASSERT_EQ(*waiting->resume(), OperationState::kIo);
  auto theirs = (*second)->wait();
  EXPECT_EQ(*theirs->resume(), OperationState::kIo) << "queued";
  EXPECT_EQ((*second)->take_io_item(), nullptr);
}

TEST_F(EnginePull, AnOperationDroppedAtAnyPieceLeavesNothingBehind) {
  remote.sql("INSERT INTO t VALUES (3, hex(zeroblob(30000)))");
  for (int pieces = 0; pieces < 12; ++pieces) {
    auto waiting = device.engine().wait();
    ASSERT_EQ(*waiting->resume(), OperationState::kIo);
    auto item = device.engine().take_io_item();
    ASSERT_NE(item, nullptr);
    Bytes body = remote.pull(*item);
    if (pieces > 0) {
      ASSERT_TRUE(item->set_status(200).has_value());
    }
    for (int i = 0; i < pieces; ++i) {
      ASSERT_TRUE(item->push_buffer(ByteView(body).subspan(static_cast<std::size_t>(i) * 1000, 1000)).has_value());
      ASSERT_EQ(*waiting->resume(), OperationState::kIo);
    }
    waiting.reset();
    EXPECT_FALSE(file_exists(device.config.path + "-changes.tmp"));
    EXPECT_FALSE(file_exists(device.config.path + "-changes"));
  }
  expect_pull(true);
  EXPECT_EQ(device.query("SELECT id FROM t ORDER BY id"), "1;2;3");
}

}  // namespace
}  // namespace turso::sync::test
