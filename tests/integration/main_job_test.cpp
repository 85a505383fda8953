// The main job: a change made on one replica reaches another, through push, the server, and pull with rebase.
#include "integration/world.hpp"

namespace turso::sync::test {
namespace {

class MainJob : public testing::Test {
 protected:
  void SetUp() override {
    world.place(laptop, "laptop");
    world.place(phone, "phone");
    ASSERT_TRUE(laptop.create(world.host()).has_value());
    laptop.sql(
        "CREATE TABLE notes(id INTEGER PRIMARY KEY, title TEXT, body TEXT);"
        "INSERT INTO notes VALUES (1,'one','a'),(2,'two','b'),(3,'three','c'),(4,'four','d')");
    push(laptop);
    auto created = phone.create(world.host());
    ASSERT_TRUE(created.has_value()) << created.error().message;
  }

  void push(Device& device) {
    auto pushed = device.push(world.host());
    ASSERT_TRUE(pushed.has_value()) << pushed.error().message;
  }
  void pull(Device& device) {
    auto pulled = device.pull(world.host());
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
  }
  void settle() {
    ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&laptop, &phone}));
    expect_converged(world, {&laptop, &phone});
  }
  std::string notes(Device& device) { return device.query("SELECT id, title, body FROM notes ORDER BY id"); }

  World world;
  Device laptop;
  Device phone;
};

TEST_F(MainJob, APushBringsCdcOperationsToZeroAndTheRowsToTheServer) {
  laptop.sql("INSERT INTO notes VALUES (5,'five','e'); UPDATE notes SET body='A' WHERE id=1");
  EXPECT_EQ(laptop.stats().cdc_operations, 4) << "two changes and two COMMIT records";
  EXPECT_EQ(laptop.stats().pending_changes, 2);
  EXPECT_EQ(laptop.stats().pending_transactions, 2);
  push(laptop);
  EXPECT_EQ(laptop.stats().cdc_operations, 0);
  EXPECT_GT(laptop.stats().last_push_unix_time, 0);
  EXPECT_EQ(world.server_query("SELECT id, body FROM notes WHERE id IN (1,5) ORDER BY id"), "1,A;5,e");
}

TEST_F(MainJob, ABootstrapShowsWhatWasPushed) {
  EXPECT_EQ(notes(phone), "1,one,a;2,two,b;3,three,c;4,four,d");
  EXPECT_EQ(phone.stats().cdc_operations, 0);
}

TEST_F(MainJob, NothingToPushSendsNothing) {
  push(laptop);
  int before = world.request_count;
  push(laptop);
  EXPECT_EQ(world.request_count, before);
}

TEST_F(MainJob, OtherRowsOfTheSameTableMeet) {
  laptop.sql("UPDATE notes SET body='L' WHERE id=1; INSERT INTO notes VALUES (10,'laptop','L')");
  phone.sql("UPDATE notes SET body='P' WHERE id=2; INSERT INTO notes VALUES (20,'phone','P')");
  settle();
  EXPECT_EQ(notes(laptop), "1,one,L;2,two,P;3,three,c;4,four,d;10,laptop,L;20,phone,P");
}

TEST_F(MainJob, OtherColumnsOfTheSameRowMerge) {
  laptop.sql("UPDATE notes SET title='ONE' WHERE id=1");
  phone.sql("UPDATE notes SET body='edited' WHERE id=1");
  settle();
  EXPECT_EQ(phone.query("SELECT title, body FROM notes WHERE id=1"), "ONE,edited");
}

TEST_F(MainJob, OfTheSameCellTheLastPushWins) {
  laptop.sql("UPDATE notes SET body='laptop' WHERE id=1");
  phone.sql("UPDATE notes SET body='phone' WHERE id=1");
  push(laptop);
  pull(phone);
  EXPECT_EQ(phone.query("SELECT body FROM notes WHERE id=1"), "phone") << "pending changes stay on top";
  settle();
  EXPECT_EQ(laptop.query("SELECT body FROM notes WHERE id=1"), "phone");
}

TEST_F(MainJob, ADeletedRowStaysDeletedForWhoUpdatedIt) {
  laptop.sql("DELETE FROM notes WHERE id=3");
  phone.sql("UPDATE notes SET body='too late' WHERE id=3");
  push(laptop);
  settle();
  EXPECT_EQ(phone.query("SELECT count(*) FROM notes WHERE id=3"), "0");
}

TEST_F(MainJob, ANewTableAndANewColumnArrive) {
  laptop.sql(
      "CREATE TABLE tags(note INTEGER, tag TEXT, PRIMARY KEY(note, tag)) WITHOUT ROWID;"
      "INSERT INTO tags VALUES (1,'red')");
  phone.sql("ALTER TABLE notes ADD COLUMN stars INTEGER; UPDATE notes SET stars=5 WHERE id=2");
  laptop.sql("UPDATE notes SET body='L' WHERE id=2");
  settle();
  EXPECT_EQ(laptop.query("SELECT body, stars FROM notes WHERE id=2"), "L,5");
  EXPECT_EQ(phone.query("SELECT note, tag FROM tags"), "1,red");
}

TEST_F(MainJob, TheSameNewColumnOnBothSidesIsOneColumn) {
  laptop.sql("ALTER TABLE notes ADD COLUMN stars INTEGER; UPDATE notes SET stars=1 WHERE id=1");
  phone.sql("ALTER TABLE notes ADD COLUMN stars INTEGER; UPDATE notes SET stars=2 WHERE id=2");
  settle();
  EXPECT_EQ(laptop.query("SELECT id, stars FROM notes WHERE stars IS NOT NULL ORDER BY id"), "1,1;2,2");
}

TEST_F(MainJob, ManyTransactionsSplitByTheThresholdGoInSeveralRequests) {
  laptop.close();
  laptop.config.push_operations_threshold = 2;
  ASSERT_TRUE(laptop.open().has_value());
  for (int i = 100; i < 110; ++i) laptop.sql(concat("INSERT INTO notes VALUES (", i, ",'t','b')"));
  int before = world.request_count;
  push(laptop);
  EXPECT_GE(world.request_count - before, 5);
  settle();
  EXPECT_EQ(phone.query("SELECT count(*) FROM notes"), "14");
}

TEST_F(MainJob, ReopeningBetweenAnyTwoStepsChangesNothing) {
  auto reopen = [&](Device& device) {
    device.close();
    auto opened = device.open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
  };
  phone.sql("UPDATE notes SET body='P' WHERE id=2");
  reopen(phone);
  EXPECT_EQ(phone.stats().pending_changes, 1);
  laptop.sql("UPDATE notes SET body='L' WHERE id=1");
  reopen(laptop);
  push(laptop);
  reopen(laptop);
  EXPECT_EQ(laptop.stats().cdc_operations, 0);
  ASSERT_NE(*phone.wait(world.host()), nullptr);
  reopen(phone);
  pull(phone);
  reopen(phone);
  EXPECT_EQ(phone.query("SELECT id, body FROM notes WHERE id<3"), "1,L;2,P");
  push(phone);
  reopen(phone);
  settle();
}

TEST_F(MainJob, ThreeReplicasConverge) {
  Device tablet;
  world.place(tablet, "tablet");
  ASSERT_TRUE(tablet.create(world.host()).has_value());
  std::vector<Device*> all{&laptop, &phone, &tablet};
  for (int round = 0; round < 5; ++round) {
    int id = 0;
    for (Device* device : all) {
      ++id;
      device->sql(concat("UPDATE notes SET title='", device->config.client_name, round, "' WHERE id=", id));
      device->sql(concat("INSERT INTO notes VALUES (", 1000 * id + round, ",'", device->config.client_name, "','')"));
      device->sql(concat("DELETE FROM notes WHERE id=", 1000 * id + round - 2));
    }
    ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, all));
    expect_converged(world, all);
  }
}

TEST_F(MainJob, AConstraintThatTheServerRefusesIsNamedAndNothingIsLost) {
  laptop.sql("CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
  push(laptop);
  pull(phone);
  laptop.sql("INSERT INTO users VALUES (1,'ann')");
  push(laptop);
  phone.sql("INSERT INTO users VALUES (2,'ann')");
  auto pushed = phone.push(world.host());
  ASSERT_FALSE(pushed.has_value());
  EXPECT_EQ(pushed.error().kind, ErrorKind::kConstraint);
  ASSERT_NE(pushed.error().subject, nullptr);
  EXPECT_EQ(pushed.error().subject->table, "users");
  EXPECT_EQ(phone.query("SELECT id, name FROM users"), "2,ann");
  EXPECT_GT(phone.stats().cdc_operations, 0);
  EXPECT_EQ(world.server_query("SELECT id, name FROM users"), "1,ann");
}

TEST_F(MainJob, APullThatIsWaitingIsAnsweredByAPushOfAnother) {
  phone.close();
  phone.config.long_poll_timeout_ms = 60'000;
  ASSERT_TRUE(phone.open().has_value());
  auto waiting = phone.engine().wait();
  ASSERT_EQ(*waiting->resume(), OperationState::kIo);
  auto held = phone.engine().take_io_item();
  ASSERT_NE(held, nullptr);
  world.perform(held);
  EXPECT_FALSE(held->progress().done) << "nothing is new, so the server holds the answer";

  phone.sql("UPDATE notes SET body='P' WHERE id=4");
  push(phone);  // beside the wait
  world.service().run_timers();
  ASSERT_TRUE(held->progress().done) << "its own push is news, too";
  auto state = waiting->resume();
  ASSERT_TRUE(state.has_value()) << state.error().message;
  ASSERT_EQ(*state, OperationState::kDone);
  ASSERT_TRUE(phone.apply(waiting->take_changes()).has_value());
  EXPECT_EQ(phone.stats().cdc_operations, 0);
  waiting.reset();
  phone.close();
  phone.config.long_poll_timeout_ms = 0;
  ASSERT_TRUE(phone.open().has_value());
  settle();
}

TEST_F(MainJob, ADeferredReplicaJoinsLater) {
  Device tablet;
  world.place(tablet, "tablet");
  tablet.config.bootstrap_if_empty = false;
  ASSERT_TRUE(tablet.create(no_io).has_value());
  tablet.sql("CREATE TABLE drafts(id INTEGER PRIMARY KEY, v); INSERT INTO drafts VALUES (1,'offline')");
  ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&tablet, &laptop, &phone}));
  expect_converged(world, {&tablet, &laptop, &phone});
  EXPECT_EQ(laptop.query("SELECT v FROM drafts"), "offline");
}

TEST_F(MainJob, AWrongTokenIsAuthAndLeavesEverythingPending) {
  world.stop();
  world.tokens = {"secret"};
  world.start();
  laptop.sql("UPDATE notes SET body='x' WHERE id=1");
  auto pushed = laptop.push(world.host());
  ASSERT_FALSE(pushed.has_value());
  EXPECT_EQ(pushed.error().kind, ErrorKind::kAuth);
  EXPECT_EQ(laptop.stats().pending_changes, 1);
}

}  // namespace
}  // namespace turso::sync::test
