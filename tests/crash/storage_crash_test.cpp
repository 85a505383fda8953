// storage_crash_test.cpp -- a pull is cut off at every k-th change to a file; then the files are opened again.
//
//   kill       operation k and all later ones do not happen (of a write: none, half or all of it)
//   power cut  besides, 512-byte sectors that were not synced are kept or dropped: at random, all, none.
//              Renames and removals count as durable at once.
//   fail once  operation k fails, everything else works; the same process goes on
//
// After each: P is image plus log, the base is never lost, and the next pull ends with every invariant. Every
// second recovery is cut off as well. Short here; TURSO_SYNC_LONG=1 runs every operation of more seeds.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/failpoint.hpp"
#include "base/text.hpp"
#include "support/storage_model.hpp"
#include "support/temp_dir.hpp"

namespace turso::test {
namespace {

constexpr std::uint32_t kPageSize = 1024;

bool long_form() {
  const char* value = std::getenv("TURSO_SYNC_LONG");
  return value != nullptr && std::string(value) == "1";
}
std::uint64_t seed_count() { return long_form() ? 40 : 3; }
std::uint64_t stride() { return long_form() ? 1 : 11; }

using Files = std::map<std::string, std::string>;  // by what follows P's path: "", "-wal", "-base", ...

const char* const kSuffixes[] = {"", "-wal", "-shm", "-base", "-base-info", "-changes", "-changes.tmp", "-new"};

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// No other process is there, so that it does no harm that the closing of P drops its locks.
Files take(const std::string& live) {
  Files files;
  for (const char* suffix : kSuffixes)
    if (std::filesystem::exists(live + suffix)) files[suffix] = read_all(live + suffix);
  return files;
}

void give(const Files& files, const std::string& live) {
  for (const char* suffix : kSuffixes) std::filesystem::remove(live + suffix);
  for (const auto& [suffix, content] : files) std::ofstream(live + suffix, std::ios::binary) << content;
}

// What is durable of each file: its content at its last sync.
struct Durable {
  Files synced;
  std::string live;

  static inline Durable* current = nullptr;
  static void observe(FileOperation operation, std::string_view path, std::uint64_t, std::uint64_t) {
    std::string suffix(path.substr(current->live.size()));
    Files& synced = current->synced;
    if (operation == FileOperation::kSync) synced[suffix] = read_all(std::string(path));
    if (operation == FileOperation::kRemove) synced.erase(suffix);
    if (operation == FileOperation::kRename) {
      synced[suffix == "-new" ? "" : "-changes"] = synced[suffix];
      synced.erase(suffix);
    }
  }

  // What a disk may hold after power was lost while the files were `now`.
  Files after_power_cut(const Files& now, Random& random) const {
    Files after;
    std::uint64_t mode = below(random, 3);
    auto keeps = [&] { return mode == 0 || (mode == 1 && below(random, 2) == 0); };
    for (const auto& [suffix, written] : now) {
      if (suffix == "-shm") continue;
      auto found = synced.find(suffix);
      const std::string durable = found != synced.end() ? found->second : std::string();
      std::string content(keeps() ? written.size() : durable.size(), '\0');
      for (std::size_t at = 0; at < content.size(); at += 512) {
        const std::string& from = keeps() ? written : durable;
        if (at >= from.size()) continue;
        std::size_t size = std::min({std::size_t{512}, content.size() - at, from.size() - at});
        content.replace(at, size, from, at, size);
      }
      after[suffix] = content;
    }
    return after;
  }
};

// A replica some pulls old with pending changes, before the pull that is going to be cut off.
struct World {
  TempDir dir;
  Random random;
  Remote remote;
  Durable durable;
  Files origin;

  explicit World(std::uint64_t seed) : random(seed), remote(dir.path("remote.db"), kPageSize) {
    durable.live = live();
    Durable::current = &durable;
    Failpoint count;
    count.path_prefix = live();
    count.observer = Durable::observe;
    set_failpoint(count);
    for (int i = 0; i < 12; ++i) remote.random_change(random);
    remote.publish_revision();
    Replica replica(live(), kPageSize);
    must(replica.bootstrap(remote, random));
    replica.connect();
    for (int pull = 0; pull < 3; ++pull) {
      for (std::uint64_t i = 0; i < 4; ++i) replica.random_local_change(random);
      for (std::uint64_t i = 0; i < 4; ++i) remote.random_change(random);
      if (pull == 1) must(replica.push(remote));
      remote.publish_revision();
      if (pull < 2) must(replica.pull(remote, random));
    }
    origin = take(live());  // the WAL with what the pulls and the local writes left in it
    clear_failpoint();      // before the checkpoint that closing makes
    replica.disconnect();
  }

  static void must(const Status& status) { EXPECT_TRUE(status.has_value()) << status.error().message; }
  std::string live() const { return dir.path("p.db"); }
  std::string scratch() const { return dir.path("scratch.db"); }

  struct Cut {
    Files files;            // as they were at the failure
    Durable durable;        // and what of them is
    bool happened = false;  // the failpoint was reached
    std::string at;
    bool ok = false;  // the pull reported success
  };

  // Runs one pull from the origin, with a failpoint. The process does not end: its files do not change any more.
  Cut pull_with(Failpoint failpoint) {
    give(origin, live());
    Cut cut;
    cut.durable = durable;
    Durable::current = &cut.durable;
    failpoint.path_prefix = live();
    failpoint.observer = Durable::observe;
    Replica replica(live(), kPageSize);
    replica.connect();
    set_failpoint(failpoint);
    Random pull_random(1);
    cut.ok = replica.pull(remote, pull_random).has_value();
    cut.happened = failpoint_failures() > 0;
    cut.at = failpoint_last_operation();
    cut.files = take(live());
    replica.disconnect();
    clear_failpoint();
    return cut;
  }

  std::uint64_t operations_of_a_pull() {
    give(origin, live());
    Replica replica(live(), kPageSize);
    replica.connect();
    Failpoint count;
    count.path_prefix = live();
    set_failpoint(count);
    Random pull_random(1);
    Status pulled = replica.pull(remote, pull_random);
    EXPECT_TRUE(pulled.has_value()) << pulled.error().message;
    std::uint64_t operations = failpoint_count();
    clear_failpoint();
    return operations;
  }

  // Opens the files that are there as a new process does, and ends with a complete pull.
  void open_and_pull(bool crash_in_recovery) {
    Replica replica(live(), kPageSize);
    if (crash_in_recovery) {
      Failpoint stop;
      stop.mode = Failpoint::Mode::kStop;
      stop.at = 1 + below(random, 12);
      stop.part = static_cast<Failpoint::Part>(below(random, 3));
      stop.path_prefix = live();
      set_failpoint(stop);
      discard(sync::recover_replica(replica.files, kPageSize), "cut off");
      Files again = take(live());
      clear_failpoint();
      give(again, live());
    }
    auto recovered = sync::recover_replica(replica.files, kPageSize);
    ASSERT_TRUE(recovered.has_value()) << recovered.error().message;
    ASSERT_FALSE(recovered->base_lost);
    ASSERT_FALSE(recovered->redo_pending.has_value());
    ASSERT_EQ(replica.check_content(remote, scratch()), "");
    ASSERT_TRUE(replica.base_is_exact(remote));
    Random pull_random(2);
    if (recovered->finished_wait.has_value()) {
      auto applied = replica.apply(remote);
      ASSERT_TRUE(applied.has_value()) << applied.error().message;
      ASSERT_EQ(applied->published.outcome, sync::Published::Outcome::kCommitted);
    } else {
      Status pulled = replica.pull(remote, pull_random);
      ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
    }
    ASSERT_EQ(replica.check(remote, scratch()), "");
    ASSERT_EQ(*sync::read_live_identity(replica.files)->revision, remote.latest());
  }
};

Failpoint at(Failpoint::Mode mode, std::uint64_t k, Random& random) {
  Failpoint failpoint;
  failpoint.mode = mode;
  failpoint.at = k;
  failpoint.part = static_cast<Failpoint::Part>(below(random, 3));
  failpoint.disk_full = below(random, 2) == 0;
  return failpoint;
}

// body(world, k) for every stride-th operation of a pull, of every seed; the first operation differs by seed.
template <typename Body>
void sweep(Body body) {
  for (std::uint64_t seed = 1; seed <= seed_count(); ++seed) {
    World world(seed);
    std::uint64_t operations = world.operations_of_a_pull();
    ASSERT_GT(operations, 20u);
    for (std::uint64_t k = 1 + seed % stride(); k <= operations; k += stride()) {
      SCOPED_TRACE(concat("seed ", seed, ", operation ", k, " of ", operations));
      body(world, k);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(StorageCrash, KilledAnywhereAPullIsBeforeOrAfter) {
  sweep([](World& world, std::uint64_t k) {
    World::Cut cut = world.pull_with(at(Failpoint::Mode::kStop, k, world.random));
    SCOPED_TRACE(cut.at);
    ASSERT_TRUE(cut.happened);
    give(cut.files, world.live());
    world.open_and_pull(below(world.random, 2) == 0);
  });
}

TEST(StorageCrash, APowerCutAnywhereIsBeforeOrAfter) {
  sweep([](World& world, std::uint64_t k) {
    World::Cut cut = world.pull_with(at(Failpoint::Mode::kStop, k, world.random));
    SCOPED_TRACE(cut.at);
    ASSERT_TRUE(cut.happened);
    for (int disk = 0; disk < 2; ++disk) {
      give(cut.durable.after_power_cut(cut.files, world.random), world.live());
      world.open_and_pull(below(world.random, 2) == 0);
      if (testing::Test::HasFatalFailure()) return;
    }
  });
}

// R32, R33: what failed is reported, and both the process that goes on and one that opens the files are right.
TEST(StorageCrash, AnOperationThatFailsOnceIsSurvived) {
  sweep([](World& world, std::uint64_t k) {
    World::Cut cut = world.pull_with(at(Failpoint::Mode::kFailOnce, k, world.random));
    SCOPED_TRACE(cut.at);
    ASSERT_TRUE(cut.happened);
    world.open_and_pull(false);  // the files as the process left them
    if (testing::Test::HasFatalFailure()) return;
    give(cut.files, world.live());  // the files as they were right after the failure
    world.open_and_pull(below(world.random, 2) == 0);
  });
}

// The sweeps prove nothing if what they cut off is not everything that a pull does.
TEST(StorageCrash, EveryFileAndOperationOfAPullIsCounted) {
  static std::map<std::string, int> counted;
  World world(1);
  give(world.origin, world.live());
  Replica replica(world.live(), kPageSize);
  replica.connect();
  Failpoint count;
  count.path_prefix = world.live();
  count.observer = [](FileOperation operation, std::string_view path, std::uint64_t, std::uint64_t) {
    ++counted[concat(file_operation_name(operation), " ", path.substr(path.rfind('/') + 1))];
  };
  set_failpoint(count);
  Status pulled = replica.pull(world.remote, world.random);
  clear_failpoint();
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
  for (const char* expected : {"write p.db-changes.tmp", "fsync p.db-changes.tmp", "rename p.db-changes.tmp",
                               "fsync directory of p.db-changes", "write p.db-wal", "fsync p.db-wal", "write p.db-base",
                               "write p.db-base-info", "truncate p.db-base", "truncate p.db-base-info",
                               "fsync p.db-base", "fsync p.db-base-info", "remove p.db-changes"})
    EXPECT_GT(counted[expected], 0) << expected;
}

}  // namespace
}  // namespace turso::test
