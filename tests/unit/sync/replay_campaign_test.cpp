// Random campaigns over push, pull, lost, late and doubled requests, copies and restored files. Each prints its seed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "base/text.hpp"
#include "support/replica_model.hpp"
#include "support/temp_dir.hpp"

namespace turso::sync {
namespace {

using test::ReplicaModel;
using test::ScriptedServer;

int seed_count(int usual) {
  const char* wish = std::getenv("TURSO_TEST_SEEDS");
  return wish != nullptr ? std::atoi(wish) : usual;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  int below(int bound) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(bound)); }
  bool one_in(int n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

// Nothing here is about durability, and every push commits at synchronous=FULL: memory is as good a disk.
class MemoryDisk : public testing::Environment {
 public:
  void SetUp() override {
    if (std::getenv("TMPDIR") == nullptr && std::filesystem::is_directory("/dev/shm"))
      ::setenv("TMPDIR", "/dev/shm", 1);
  }
};
const testing::Environment* const memory_disk = testing::AddGlobalTestEnvironment(new MemoryDisk);

// ---- lost, late and doubled requests ---------------------------------------------------------------------------

// A network between one replica and the server: requests get lost, answers get lost, requests come again later.
class Network {
 public:
  Network(ScriptedServer& server, Random& random) : server_(server), random_(random) {}

  // One push session; ends early where something was lost.
  Status push(ReplicaModel& replica) {
    PushOptions options;
    options.operations_threshold = static_cast<std::size_t>(random_.below(4));
    TURSO_TRY(auto session, replica.push_session(options));
    for (;;) {
      TURSO_TRY(auto request, session->next());
      if (!request.has_value()) return ok();
      const bool arrives = !random_.one_in(4);
      const bool answered = arrives && !random_.one_in(4);
      if (!arrives || random_.one_in(3)) late_.push_back(request->body);
      std::string answer = arrives ? server_.handle(request->body) : "";
      deliver_late();
      if (answered) {
        TURSO_CHECK(session->on_answer(answer));
      } else {
        session->on_lost();
        if (random_.one_in(2)) return ok();  // the host gives up; the session is dropped
      }
    }
  }

  void deliver_late() {
    if (!late_.empty() && random_.one_in(2)) {
      const auto which = static_cast<std::size_t>(random_.below(static_cast<int>(late_.size())));
      server_.handle(late_[which]);
      if (random_.one_in(2)) late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }

 private:
  ScriptedServer& server_;
  Random& random_;
  std::vector<std::string> late_;
};

TEST(PushCampaign, LostLateAndDoubledRequestsNeverDoubleOrDropARow) {
  for (int seed = 1; seed <= seed_count(8); ++seed) {
    SCOPED_TRACE(concat("seed ", seed));
    Random random(static_cast<std::uint64_t>(seed));
    test::TempDir dir;
    ScriptedServer server(dir.path("server.db"));
    ASSERT_TRUE(server.connection().exec("CREATE TABLE n(tag)").has_value());
    std::vector<std::unique_ptr<ReplicaModel>> replicas;
    std::vector<std::string> images(2);
    for (int r = 0; r < 2; ++r) {
      replicas.push_back(
          std::make_unique<ReplicaModel>(dir.path(concat("r", r, ".db")), server,
                                         test::seeded_environment(static_cast<std::uint64_t>(seed * 10 + r))));
    }
    Network network(server, random);
    int tags = 0;
    std::vector<std::set<int>> own(2);
    for (int step = 0; step < 60; ++step) {
      const auto r = static_cast<std::size_t>(random.below(2));
      ReplicaModel& replica = *replicas[r];
      switch (random.below(6)) {
        case 0:
        case 1: {
          std::vector<std::string> statements;
          for (int i = random.below(3); i >= 0; --i) {
            statements.push_back(concat("INSERT INTO n VALUES(", ++tags, ")"));
            own[r].insert(tags);
          }
          ASSERT_TRUE(replica.local(statements).has_value());
          break;
        }
        case 2: replica.recorder().lone_commit(); break;
        case 3: {
          Status pushed = network.push(replica);
          ASSERT_TRUE(pushed.has_value()) << pushed.error().message;
          break;
        }
        case 4:
          if (images[r].empty()) images[r] = replica.download(server);
          break;
        default: {
          if (images[r].empty()) images[r] = replica.download(server);
          auto applied = replica.apply(std::exchange(images[r], ""));
          ASSERT_TRUE(applied.has_value()) << applied.error().message;
          // What was written here is here, pending or pulled, and everything only once.
          ASSERT_EQ(replica.db().query_int("SELECT count(*) - count(DISTINCT tag) FROM n").value(), 0)
              << "step " << step;
          for (int tag : own[r]) {
            ASSERT_EQ(replica.db().query_int("SELECT count(*) FROM n WHERE tag = ?1", tag).value(), 1)
                << "step " << step << " tag " << tag;
          }
        }
      }
      network.deliver_late();
    }
    for (auto& replica : replicas) {
      for (int i = 0; i < 2; ++i) {
        auto pushed = replica->push(server);
        ASSERT_TRUE(pushed.has_value()) << pushed.error().message;
        network.deliver_late();
      }
    }
    for (auto& replica : replicas) {
      ASSERT_TRUE(replica->pull(server).has_value());
      EXPECT_EQ(replica->db().query_int("SELECT count(*) FROM n").value(), tags);
      EXPECT_EQ(replica->db().query_int("SELECT count(DISTINCT tag) FROM n").value(), tags);
      EXPECT_EQ(replica->recorder().log_rows(), 0);
    }
  }
}

// ---- copies and restored files -----------------------------------------------------------------------------------

TEST(PushCampaign, CopiesAndRestoredFilesLoseNoRowAndNeverStick) {
  for (int seed = 1; seed <= seed_count(8); ++seed) {
    SCOPED_TRACE(concat("seed ", seed));
    Random random(static_cast<std::uint64_t>(1000 + seed));
    test::TempDir dir;
    ScriptedServer server(dir.path("server.db"));
    ASSERT_TRUE(server.connection().exec("CREATE TABLE k(tag INTEGER PRIMARY KEY, v)").has_value());
    struct Node {
      std::unique_ptr<ReplicaModel> replica;
      std::set<int> committed;  // tags that this file holds, or held and pushed: they must arrive
      std::string backup;
      std::set<int> backup_committed;
    };
    std::vector<Node> nodes(1);
    nodes[0].replica = std::make_unique<ReplicaModel>(dir.path("n0.db"), server,
                                                      test::seeded_environment(static_cast<std::uint64_t>(seed)));
    Network network(server, random);
    int tags = 0;
    auto push = [&](Node& node) {
      Status pushed = network.push(*node.replica);
      if (pushed.has_value()) return;
      ASSERT_EQ(pushed.error().condition, "replica_forked") << pushed.error().message;
      auto pulled = node.replica->pull(server);
      ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
    };
    for (int step = 0; step < 50; ++step) {
      Node& node = nodes[static_cast<std::size_t>(random.below(static_cast<int>(nodes.size())))];
      switch (random.below(8)) {
        case 0:
        case 1:
        case 2:
          node.committed.insert(++tags);
          ASSERT_TRUE(node.replica
                          ->local({concat("INSERT INTO k VALUES(", tags, ", 'first')"),
                                   concat("UPDATE k SET v = 'second' WHERE tag = ", tags)})
                          .has_value());
          break;
        case 3:
        case 4: push(node); break;
        case 5: {
          auto pulled = node.replica->pull(server);
          ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
          break;
        }
        case 6:
          if (nodes.size() < 3) {
            const std::string path = dir.path(concat("n", nodes.size(), ".db"));
            node.replica->save_copy(path);
            Node copy;
            copy.replica = std::make_unique<ReplicaModel>(
                path, test::seeded_environment(static_cast<std::uint64_t>(seed * 100 + step)));
            copy.committed = node.committed;
            nodes.push_back(std::move(copy));
          }
          break;
        default:
          if (node.backup.empty()) {
            node.backup = node.replica->path() + "-backup";
            node.replica->save_copy(node.backup);
            node.backup_committed = node.committed;
          } else {
            node.replica->restore(node.backup);
            node.backup.clear();
            node.committed = node.backup_committed;
          }
      }
      network.deliver_late();
    }
    for (int round = 0; round < 3; ++round) {
      for (Node& node : nodes) {
        auto pushed = node.replica->push(server);
        ASSERT_TRUE(pushed.has_value() || pushed.error().condition == "replica_forked") << pushed.error().message;
        auto pulled = node.replica->pull(server);
        ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
      }
    }
    for (Node& node : nodes) {
      for (int tag : node.committed) {
        ASSERT_EQ(server.connection().query_value("SELECT v FROM k WHERE tag = ?1", tag).value(), Value("second"))
            << "tag " << tag;
      }
      EXPECT_EQ(test::dump(node.replica->db()), test::dump(server.connection()));
      EXPECT_EQ(node.replica->recorder().log_rows(), 0);
    }
  }
}

// ---- the rebase --------------------------------------------------------------------------------------------------

// Random statements whose meaning does not depend on the rows that are there, so that running them again on another
// image is what a rebase must come to.
class Workload {
 public:
  // An upsert of a row that is there is an UPDATE, which a remote DELETE undoes; REPLACE is always an insert.
  enum class Insert { kUpsert, kReplace };
  Workload(Random& random, Insert insert) : random_(random), replace_(insert == Insert::kReplace) {}

  std::vector<std::string> transaction(int writer) {
    std::vector<std::string> statements;
    for (int i = random_.below(4); i >= 0; --i) statements.push_back(statement(writer));
    return statements;
  }

 private:
  std::string value() {
    static const std::vector<std::string> kValues = {"NULL",   "1",       "-7", "2.5",     "9e999",
                                                     "'text'", "'it''s'", "''", "x'00ff'", "CAST(x'ff61' AS TEXT)"};
    return random_.one_in(2) ? kValues[static_cast<std::size_t>(random_.below(static_cast<int>(kValues.size())))]
                             : concat("'v", ++serial_, "'");
  }
  std::string key() { return std::to_string(random_.below(12)); }

  std::string statement(int writer) {
    switch (random_.below(10)) {
      case 0:
      case 1:
        return concat(replace_ ? "REPLACE" : "INSERT", " INTO t(id, a, b) VALUES(", key(), ", ", value(), ", ", value(),
                      replace_ ? ")" : ") ON CONFLICT(id) DO UPDATE SET a = excluded.a, b = excluded.b");
      case 2: return concat("UPDATE t SET a = ", value(), " WHERE id = ", key());
      case 3: return concat("UPDATE t SET b = ", value(), " WHERE id = ", key());
      case 4: return concat("DELETE FROM t WHERE id = ", key());
      case 5:
        return concat(replace_ ? "REPLACE" : "INSERT", " INTO w VALUES('k", key(), "', ", key(), ", ", value(),
                      replace_ ? ")" : ") ON CONFLICT(y, x) DO UPDATE SET v = excluded.v");
      case 6: return concat("DELETE FROM w WHERE x = 'k", key(), "' AND y = ", key());
      case 7: return concat("INSERT INTO \"od\"\"d\" VALUES(", writer, ", ", ++serial_, ")");
      case 8: return concat("UPDATE \"od\"\"d\" SET \"the value\" = ", ++serial_, " WHERE writer = ", writer);
      default: return concat("DELETE FROM \"od\"\"d\" WHERE writer = ", writer, " AND \"the value\" % 2 = 0");
    }
  }

  Random& random_;
  bool replace_;
  int serial_ = 0;
};

constexpr const char* kSchema =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, g AS (typeof(a)) STORED);"
    "CREATE TABLE w(x TEXT, y INT, v, PRIMARY KEY(y, x)) WITHOUT ROWID;"
    "CREATE TABLE \"od\"\"d\"(writer, \"the value\")";

TEST(ReplayCampaign, ARebaseIsThePendingStatementsRunOnTheRemote) {
  for (int seed = 1; seed <= seed_count(8); ++seed) {
    SCOPED_TRACE(concat("seed ", seed));
    Random random(static_cast<std::uint64_t>(2000 + seed));
    Workload workload(random, Workload::Insert::kReplace);
    test::TempDir dir;
    ScriptedServer server(dir.path("server.db"));
    ASSERT_TRUE(server.connection().exec(kSchema).has_value());
    ReplicaModel replica(dir.path("r.db"), server, test::seeded_environment(static_cast<std::uint64_t>(seed)));
    // What was committed here and the server does not have. A row that a statement did not find here gets no change,
    // so each statement is taken as what it did: a statement that changed nothing is not in the list.
    std::vector<std::vector<std::string>> pending;
    for (int step = 0; step < 40; ++step) {
      if (random.one_in(3)) {
        for (const std::string& statement : workload.transaction(2))
          ASSERT_TRUE(server.connection().exec(statement).has_value()) << statement;
      } else if (random.one_in(4)) {
        auto pushed = replica.push(server);
        ASSERT_TRUE(pushed.has_value()) << pushed.error().message;
        pending.clear();
      } else if (random.one_in(3)) {
        test::copy_database(server.connection(), dir.path("expected.db"));
        auto expected = sqlite::Connection::open(dir.path("expected.db"), {}).value();
        for (const auto& transaction : pending) {
          for (const std::string& statement : transaction) ASSERT_TRUE(expected.exec(statement).has_value());
        }
        auto pulled = replica.pull(server);
        ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
        ASSERT_EQ(test::dump(replica.db()), test::dump(expected)) << "step " << step;
      } else {
        std::vector<std::string> effective;
        for (const std::string& statement : workload.transaction(1)) {
          const std::int64_t before = replica.recorder().last_change_id();
          ASSERT_TRUE(replica.local({statement}).has_value()) << statement;
          if (replica.recorder().last_change_id() != before) effective.push_back(statement);
        }
        pending.push_back(effective);
      }
    }
    ASSERT_TRUE(replica.push(server).has_value());
    ASSERT_TRUE(replica.pull(server).has_value());
    EXPECT_EQ(test::dump(replica.db()), test::dump(server.connection()));
  }
}

TEST(ReplayCampaign, ReplicasAndServerConverge) {
  for (int seed = 1; seed <= seed_count(8); ++seed) {
    SCOPED_TRACE(concat("seed ", seed));
    Random random(static_cast<std::uint64_t>(3000 + seed));
    Workload workload(random, Workload::Insert::kUpsert);
    test::TempDir dir;
    ScriptedServer server(dir.path("server.db"));
    ASSERT_TRUE(server.connection().exec(kSchema).has_value());
    std::vector<std::unique_ptr<ReplicaModel>> replicas;
    for (int r = 0; r < 3; ++r) {
      replicas.push_back(
          std::make_unique<ReplicaModel>(dir.path(concat("r", r, ".db")), server,
                                         test::seeded_environment(static_cast<std::uint64_t>(seed * 10 + r))));
    }
    Network network(server, random);
    for (int step = 0; step < 60; ++step) {
      const int r = random.below(3);
      ReplicaModel& replica = *replicas[static_cast<std::size_t>(r)];
      if (random.one_in(2)) {
        ASSERT_TRUE(replica.local(workload.transaction(r)).has_value());
      } else if (random.one_in(2)) {
        Status pushed = network.push(replica);
        ASSERT_TRUE(pushed.has_value()) << pushed.error().message;
      } else {
        auto pulled = replica.pull(server);
        ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
      }
    }
    for (auto& replica : replicas) ASSERT_TRUE(replica->push(server).has_value());
    for (auto& replica : replicas) {
      ASSERT_TRUE(replica->pull(server).has_value());
      EXPECT_EQ(test::dump(replica->db()), test::dump(server.connection()));
      EXPECT_EQ(replica->db().query_value("PRAGMA integrity_check").value(), Value("ok"));
    }
  }
}

}  // namespace
}  // namespace turso::sync
