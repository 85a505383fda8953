// Copies, backups and restores: nobody's changes are taken for somebody else's.
#include "integration/world.hpp"

namespace turso::sync::test {
namespace {

void copy_replica(Device& from, Device& to) {
  for (const auto& entry : std::filesystem::directory_iterator(from.dir.path())) {
    std::filesystem::copy_file(entry.path(), to.dir.path() + "/" + entry.path().filename().string(),
                               std::filesystem::copy_options::overwrite_existing);
  }
}

class Identity : public testing::Test {
 protected:
  void SetUp() override {
    world.place(laptop, "laptop");
    world.place(copy, "laptop");
    ASSERT_TRUE(laptop.create(world.host()).has_value());
    laptop.sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1,'a'),(2,'b')");
    ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&laptop}));
  }

  World world;
  Device laptop;
  Device copy;
};

TEST_F(Identity, ACopiedReplicaIsFoundAndBothGoOn) {
  laptop.close();
  copy_replica(laptop, copy);
  ASSERT_TRUE(laptop.open().has_value());
  ASSERT_TRUE(copy.open().has_value());
  laptop.sql("UPDATE t SET v='laptop' WHERE id=1");
  copy.sql("UPDATE t SET v='copy' WHERE id=2; INSERT INTO t VALUES (3,'c')");
  ASSERT_TRUE(laptop.push(world.host()).has_value());

  auto pushed = copy.push(world.host());
  ASSERT_FALSE(pushed.has_value());
  EXPECT_EQ(pushed.error().condition, "replica_forked");
  EXPECT_TRUE(copy.stats().replica_forked);
  EXPECT_GT(copy.stats().pending_changes, 0) << "nothing was taken as acknowledged";

  ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&copy, &laptop}));
  expect_converged(world, {&copy, &laptop});
  EXPECT_EQ(laptop.query("SELECT id, v FROM t ORDER BY id"), "1,laptop;2,copy;3,c");
}

TEST_F(Identity, ARestoredRemoteIsRefusedUntilItIsAccepted) {
  world.stop();
  std::string backup = world.server_path() + ".backup";
  std::filesystem::copy_file(world.server_path(), backup);
  world.start();
  laptop.sql("UPDATE t SET v='after the backup' WHERE id=1");
  ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&laptop}));
  std::string before = contents(laptop);

  world.stop();
  std::filesystem::copy_file(backup, world.server_path(), std::filesystem::copy_options::overwrite_existing);
  world.start();
  auto pulled = laptop.pull(world.host());
  ASSERT_FALSE(pulled.has_value());
  EXPECT_EQ(pulled.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(pulled.error().condition, "remote_went_back");
  EXPECT_TRUE(laptop.stats().remote_went_back);
  EXPECT_EQ(contents(laptop), before) << "the live file is untouched";

  ASSERT_TRUE(laptop.engine().set_option("accept_remote_went_back", "true").has_value());
  ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&laptop}));
  expect_converged(world, {&laptop});
  EXPECT_EQ(laptop.query("SELECT v FROM t WHERE id=1"), "a");
}

TEST_F(Identity, ALostAnswerIsNotSentTwice) {
  laptop.sql("CREATE TABLE counted(v); INSERT INTO counted VALUES ('once')");
  auto pushed = laptop.push([&](IoItem& item) {
    IoItem unseen;
    unseen.method = item.method;
    unseen.path = item.path;
    unseen.headers = item.headers;
    unseen.body = item.body;
    world.host()(unseen);  // the server does it
    ASSERT_TRUE(item.poison("connection reset").has_value());
  });
  ASSERT_FALSE(pushed.has_value());
  EXPECT_EQ(pushed.error().kind, ErrorKind::kNetwork);
  laptop.close();
  ASSERT_TRUE(laptop.open().has_value());
  ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&laptop}));
  EXPECT_EQ(world.server_query("SELECT count(*) FROM counted"), "1");
  expect_converged(world, {&laptop});
}

TEST_F(Identity, AnUnknownOptionListsTheKnownOnes) {
  Status set = laptop.engine().set_option("colour", "blue");
  ASSERT_FALSE(set.has_value());
  EXPECT_THAT(set.error().message, testing::HasSubstr("known are accept_remote_went_back"));
}

}  // namespace
}  // namespace turso::sync::test
