// simulation_test.cpp -- random lives of a few replicas; at the end nothing is lost, doubled or different.
//
//   items    small keys that everybody inserts, updates and deletes: must converge
//   ledger   each row is inserted once, by one replica: must be exactly what was committed
//   pairs    two rows per transaction: at the server at every moment both or none
//   keyless  no primary key, inserted only: every value exactly once
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/text.hpp"
#include "simulation/world.hpp"

namespace turso::simulation {
namespace {

int seeds() { return std::getenv("TURSO_SYNC_LONG") != nullptr ? 2000 : 8; }

// TURSO_SYNC_SEED=n runs that one seed.
std::vector<std::uint64_t> seeds_of(std::uint64_t family) {
  if (const char* one = std::getenv("TURSO_SYNC_SEED")) return {std::strtoull(one, nullptr, 10)};
  std::vector<std::uint64_t> list;
  for (int i = 0; i < seeds(); ++i) list.push_back(family * 1'000'000 + static_cast<std::uint64_t>(i));
  return list;
}

class Life {
 public:
  Life(std::uint64_t seed, int replica_count, Weather weather) : world_(seed, replica_count, weather) {}

  World& world() { return world_; }

  void make_schema() {
    Replica& first = world_.replica(0);
    for (const char* sql : {"CREATE TABLE items(id INTEGER PRIMARY KEY, a TEXT, b INTEGER, c REAL)",
                            "CREATE TABLE ledger(key TEXT PRIMARY KEY, n)",
                            "CREATE TABLE pairs(key TEXT, half INTEGER, PRIMARY KEY(key, half)) WITHOUT ROWID",
                            "CREATE TABLE keyless(v TEXT)"}) {
      Status done = world_.exec(first, sql);
      ASSERT_TRUE(done.has_value()) << done.error().message;
    }
    Status quiet = world_.quiesce();
    ASSERT_TRUE(quiet.has_value()) << quiet.error().message;
  }

  // One transaction of the app. BUSY while an apply publishes is normal and leaves nothing.
  void write(int index) {
    Replica& replica = world_.replica(index);
    std::string key = concat("r", index, "-", ++written_);
    switch (world_.pick(6)) {
      case 0:
      case 1: return change_item(replica);
      case 2: return insert_pair(replica, key);
      case 3:
        if (run(replica, {concat("INSERT INTO keyless VALUES ('", key, "')")})) keyless_.insert(key);
        return;
      default:
        if (run(replica, {concat("INSERT INTO ledger VALUES ('", key, "', ", world_.pick(1000), ")")}))
          ledger_.insert(key);
    }
  }

  void check() {
    Status quiet = world_.quiesce();
    ASSERT_TRUE(quiet.has_value()) << quiet.error().message;
    check_set("ledger", "SELECT key FROM ledger ORDER BY key", ledger_);
    check_set("keyless", "SELECT v FROM keyless ORDER BY v", keyless_);
    check_set("pairs", "SELECT key FROM pairs WHERE half = 1 ORDER BY key", pairs_);
    check_set("pairs", "SELECT key FROM pairs WHERE half = 2 ORDER BY key", pairs_);
    auto at_server = world_.server_rows("SELECT id, a, b, c FROM items ORDER BY id");
    ASSERT_TRUE(at_server.has_value()) << at_server.error().message;
    for (int i = 0; i < world_.replica_count(); ++i) {
      auto here = world_.rows(world_.replica(i), "SELECT id, a, b, c FROM items ORDER BY id");
      ASSERT_TRUE(here.has_value()) << here.error().message;
      EXPECT_EQ(here.value(), at_server.value()) << "items of replica " << i;
      auto sound = world_.rows(world_.replica(i), "PRAGMA integrity_check");
      ASSERT_TRUE(sound.has_value());
      EXPECT_EQ(sound.value(), std::vector<Row>{{Value("ok")}});
    }
  }

  // Whatever has arrived at the server arrived by whole transactions.
  void check_pairs_at_server() {
    auto torn = world_.server_rows("SELECT key FROM pairs GROUP BY key HAVING count(*) <> 2");
    ASSERT_TRUE(torn.has_value()) << torn.error().message;
    EXPECT_TRUE(torn.value().empty()) << "half a transaction at the server: " << torn.value()[0][0].to_sql();
  }

 private:
  bool run(Replica& replica, const std::vector<std::string>& statements) {
    bool explicit_transaction = statements.size() > 1;
    Status status = explicit_transaction ? world_.exec(replica, "BEGIN") : ok();
    for (const std::string& sql : statements) {
      if (status) status = world_.exec(replica, sql);
    }
    if (status && explicit_transaction) status = world_.exec(replica, "COMMIT");
    if (!status && !replica.app->autocommit()) discard(world_.exec(replica, "ROLLBACK"), "the transaction is over");
    if (!status) {
      EXPECT_EQ(status.error().kind, ErrorKind::kBusy) << status.error().message;
    }
    world_.tally().transactions += status ? 1 : 0;
    return status.has_value();
  }

  void change_item(Replica& replica) {
    int id = 1 + world_.pick(20);
    std::string text = concat("'", replica.path.substr(replica.path.size() - 4, 1), "-", ++written_, "'");
    switch (world_.pick(5)) {
      case 0: run(replica, {concat("DELETE FROM items WHERE id = ", id)}); break;
      case 1: run(replica, {concat("UPDATE items SET a = ", text, " WHERE id = ", id)}); break;
      case 2:
        run(replica, {concat("UPDATE items SET b = b + 1, c = 0.5 WHERE id BETWEEN ", id, " AND ", id + 3)});
        break;
      case 3:
        run(replica, {concat("REPLACE INTO items VALUES (", id, ", ", text, ", ", world_.pick(9), ", 1.0)")});
        break;
      default:
        run(replica, {concat("INSERT INTO items VALUES (", id, ", ", text,
                             ", 1, 2.0) ON CONFLICT(id) DO UPDATE SET a = excluded.a")});
    }
  }

  void insert_pair(Replica& replica, const std::string& key) {
    if (run(replica, {concat("INSERT INTO pairs VALUES ('", key, "', 1)"),
                      concat("INSERT INTO pairs VALUES ('", key, "', 2)")})) {
      pairs_.insert(key);
    }
  }

  void check_set(const std::string& what, const std::string& sql, const std::set<std::string>& expected) {
    std::vector<Row> wanted;
    for (const std::string& key : expected) wanted.push_back({Value(key)});
    auto at_server = world_.server_rows(sql);
    ASSERT_TRUE(at_server.has_value()) << at_server.error().message;
    EXPECT_EQ(at_server.value(), wanted) << what << " at the server";
    for (int i = 0; i < world_.replica_count(); ++i) {
      auto here = world_.rows(world_.replica(i), sql);
      ASSERT_TRUE(here.has_value()) << here.error().message;
      EXPECT_EQ(here.value(), wanted) << what << " at replica " << i;
    }
  }

  World world_;
  std::int64_t written_ = 0;
  std::set<std::string> ledger_;
  std::set<std::string> keyless_;
  std::set<std::string> pairs_;
};

Tally live(std::uint64_t seed, int replica_count, Weather weather, int kills_of_1000) {
  SCOPED_TRACE(concat("TURSO_SYNC_SEED=", seed));
  Life life(seed, replica_count, weather);
  World& world = life.world();
  if (!::testing::Test::HasFailure()) life.make_schema();
  for (int i = 0; i < 250 && !::testing::Test::HasFailure(); ++i) {
    int index = world.pick(replica_count);
    int event = world.pick(100);
    if (event < 25) {
      life.write(index);
    } else if (event < 35) {
      world.begin(world.replica(index), world.chance(500) ? "push" : "wait");
    } else if (world.chance(kills_of_1000)) {
      world.kill(world.replica(index), 1 + static_cast<std::uint64_t>(world.pick(40)));
    } else {
      for (int k = 0; k < 5; ++k) world.step();
    }
    if (i % 25 == 0) life.check_pairs_at_server();
  }
  if (!::testing::Test::HasFailure()) life.check();
  return world.tally();
}

// The sum over all seeds; a campaign in which nothing happens has shown nothing.
Tally campaign(std::uint64_t family, int replica_count, Weather weather, int kills_of_1000) {
  Tally sum;
  for (std::uint64_t seed : seeds_of(family)) {
    Tally one = live(seed, replica_count, weather, kills_of_1000);
    sum.transactions += one.transactions;
    sum.pushes += one.pushes;
    sum.applies += one.applies;
    sum.failures += one.failures;
    sum.deaths += one.deaths;
    sum.lost += one.lost;
    sum.repeated += one.repeated;
    if (::testing::Test::HasFailure()) break;
  }
  std::printf(
      "%lld transactions, %lld pushes, %lld applies, %lld failed operations, %lld deaths, %lld messages lost, %lld "
      "repeated\n",
      static_cast<long long>(sum.transactions), static_cast<long long>(sum.pushes), static_cast<long long>(sum.applies),
      static_cast<long long>(sum.failures), static_cast<long long>(sum.deaths), static_cast<long long>(sum.lost),
      static_cast<long long>(sum.repeated));
  EXPECT_GT(sum.transactions, 0);
  EXPECT_GT(sum.pushes, 0);
  EXPECT_GT(sum.applies, 0);
  return sum;
}

TEST(Simulation, ThreeReplicasConvergeInGoodWeather) {
  Tally tally = campaign(1, 3, {}, 0);
  EXPECT_EQ(tally.failures, 0);
}

TEST(Simulation, LostRequestsLostAnswersAndRepetitionsNeitherLoseNorDouble) {
  Tally tally = campaign(2, 2, {100, 150, 100}, 0);
  EXPECT_GT(tally.lost, 20);
  EXPECT_GT(tally.repeated, 5);
}

TEST(Simulation, ProcessesThatDieAtAnyFileOperationNeitherLoseNorDouble) {
  Tally tally = campaign(3, 2, {50, 80, 50}, 60);
  EXPECT_GT(tally.deaths, 20);
}

}  // namespace
}  // namespace turso::simulation
