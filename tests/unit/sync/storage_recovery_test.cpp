// storage_recovery_test.cpp -- the table of replica_files.hpp, one test a row, and the lock of a replica.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/text.hpp"
#include "support/storage_model.hpp"
#include "support/temp_dir.hpp"

namespace turso::test {
namespace {

using sync::BaseCondition;
using sync::RecoveryFacts;
using sync::RecoveryPlan;
using Download = RecoveryFacts::Download;

constexpr std::uint32_t kPageSize = 1024;

// P is at lineage:2, made from the download 22.
RecoveryFacts at_revision_two(Download download, BaseCondition base) {
  RecoveryFacts facts;
  facts.live.exists = facts.live.has_meta = true;
  facts.live.revision = "lineage:2";
  facts.live.changes_ident = 22;
  facts.download = download;
  facts.base = base;
  return facts;
}

RecoveryFacts with_download(RecoveryFacts facts, std::uint64_t ident, const std::string& from, const std::string& to,
                            bool replace = false) {
  facts.ident = ident;
  facts.from_revision = from;
  facts.to_revision = to;
  facts.replace = replace;
  return facts;
}

std::string plan_of(const RecoveryFacts& facts) {
  RecoveryPlan plan = sync::decide_recovery(facts);
  std::string text;
  if (plan.redo) text += "redo ";
  if (plan.delete_download) text += "delete ";
  if (plan.finished_wait) text += "finished-wait ";
  if (plan.base_lost) text += "base-lost ";
  return text.empty() ? "nothing" : text.substr(0, text.size() - 1);
}

TEST(RecoveryTable, NoDownloadAndAGoodBaseIsRest) {
  EXPECT_EQ(plan_of(at_revision_two(Download::kNone, BaseCondition::kOk)), "nothing");
}

TEST(RecoveryTable, NoDownloadAndABadBaseIsALostBase) {
  EXPECT_EQ(plan_of(at_revision_two(Download::kNone, BaseCondition::kDamaged)), "base-lost");
  EXPECT_EQ(plan_of(at_revision_two(Download::kNone, BaseCondition::kMissing)), "base-lost");
}

TEST(RecoveryTable, AnAppliedDownloadIsRedone) {
  for (BaseCondition base : {BaseCondition::kOk, BaseCondition::kDamaged}) {
    EXPECT_EQ(plan_of(with_download(at_revision_two(Download::kValid, base), 22, "lineage:1", "lineage:2")), "redo");
  }
}

TEST(RecoveryTable, AnAppliedDownloadWithoutTheSumsLosesTheBase) {
  auto facts = at_revision_two(Download::kValid, BaseCondition::kMissing);
  EXPECT_EQ(plan_of(with_download(facts, 22, "lineage:1", "lineage:2")), "delete base-lost");
}

TEST(RecoveryTable, AnAppliedCompleteDownloadNeedsNoOldSums) {
  auto facts = at_revision_two(Download::kValid, BaseCondition::kMissing);
  EXPECT_EQ(plan_of(with_download(facts, 22, "", "lineage:2", true)), "redo");
}

TEST(RecoveryTable, ADownloadThatContinuesPIsAFinishedWait) {
  auto facts = at_revision_two(Download::kValid, BaseCondition::kOk);
  EXPECT_EQ(plan_of(with_download(facts, 33, "lineage:2", "lineage:3")), "finished-wait");
}

// The remote did not move: from = to, and only the ident tells that it was never applied.
TEST(RecoveryTable, AnEmptyDownloadIsToldByItsIdentNotByRevisions) {
  auto facts = at_revision_two(Download::kValid, BaseCondition::kOk);
  EXPECT_EQ(plan_of(with_download(facts, 33, "lineage:2", "lineage:2")), "finished-wait");
  EXPECT_EQ(plan_of(with_download(facts, 22, "lineage:2", "lineage:2")), "redo");
}

TEST(RecoveryTable, ADownloadThatContinuesPWithoutABaseIsUseless) {
  for (BaseCondition base : {BaseCondition::kDamaged, BaseCondition::kMissing}) {
    auto facts = at_revision_two(Download::kValid, base);
    EXPECT_EQ(plan_of(with_download(facts, 33, "lineage:2", "lineage:3")), "delete base-lost");
  }
}

TEST(RecoveryTable, ACompleteDownloadIsAlwaysAFinishedWait) {
  EXPECT_EQ(plan_of(with_download(at_revision_two(Download::kValid, BaseCondition::kOk), 33, "", "lineage:3", true)),
            "finished-wait");
  EXPECT_EQ(plan_of(with_download(at_revision_two(Download::kValid, BaseCondition::kMissing), 33, "", "x:3", true)),
            "finished-wait base-lost");
}

TEST(RecoveryTable, ADownloadOfSomethingElseIsDeleted) {
  EXPECT_EQ(plan_of(with_download(at_revision_two(Download::kValid, BaseCondition::kOk), 33, "x:1", "x:2")), "delete");
  EXPECT_EQ(plan_of(with_download(at_revision_two(Download::kValid, BaseCondition::kDamaged), 33, "x:1", "x:2")),
            "delete base-lost");
}

TEST(RecoveryTable, AnInvalidDownloadIsDeleted) {
  EXPECT_EQ(plan_of(at_revision_two(Download::kInvalid, BaseCondition::kOk)), "delete");
  EXPECT_EQ(plan_of(at_revision_two(Download::kInvalid, BaseCondition::kDamaged)), "delete base-lost");
}

TEST(RecoveryTable, AReplicaThatNeverSyncedHasNoBaseToLose) {
  RecoveryFacts facts;
  facts.live.exists = facts.live.has_meta = true;
  EXPECT_EQ(plan_of(facts), "nothing");
  facts.download = Download::kValid;
  EXPECT_EQ(plan_of(with_download(facts, 33, "", "lineage:1", true)), "finished-wait");
  EXPECT_EQ(plan_of(with_download(facts, 33, "lineage:1", "lineage:2")), "delete");
}

TEST(RecoveryTable, WithoutPOnlyACompleteDownloadIsOfUse) {
  RecoveryFacts facts;
  facts.download = Download::kValid;
  EXPECT_EQ(plan_of(with_download(facts, 33, "", "lineage:1", true)), "finished-wait");
  EXPECT_EQ(plan_of(with_download(facts, 33, "lineage:1", "lineage:2")), "delete");
  EXPECT_EQ(plan_of(RecoveryFacts{}), "nothing");
}

// ---- the same with files ------------------------------------------------------------------------------------

struct Scene {
  TempDir dir;
  Random random{7};
  Remote remote{dir.path("remote.db"), kPageSize};
  Replica replica{dir.path("p.db"), kPageSize};

  Scene() {
    EXPECT_TRUE(remote
                    .exec("CREATE TABLE t0(id INTEGER PRIMARY KEY, a TEXT, b BLOB, c);"
                          "INSERT INTO t0(a, b) VALUES('one', zeroblob(9000)), ('two', NULL)")
                    .has_value());
    remote.publish_revision();
    EXPECT_TRUE(replica.bootstrap(remote, random).has_value());
    replica.local("INSERT INTO t0(a) VALUES('mine')");
    EXPECT_TRUE(remote.exec("INSERT INTO t0(a) VALUES('three')").has_value());
    remote.publish_revision();
  }

  sync::Recovered recover() {
    auto recovered = sync::recover_replica(replica.files, kPageSize);
    EXPECT_TRUE(recovered.has_value()) << recovered.error().message;
    return std::move(recovered).value();
  }
  std::string check() { return replica.check(remote, dir.path("scratch.db")); }
};

TEST(Recover, DeletesWhatIsHalfWritten) {
  Scene scene;
  for (const std::string& path : {scene.replica.files.changes_tmp, scene.replica.files.live_new})
    ASSERT_TRUE(write_file_durably(path, as_bytes("half")).has_value());
  auto recovered = scene.recover();
  EXPECT_FALSE(recovered.base_lost);
  EXPECT_EQ(scene.check(), "");
}

TEST(Recover, AFinishedWaitIsAppliedWithoutANewDownload) {
  Scene scene;
  ASSERT_TRUE(scene.replica.download(scene.remote, scene.random).has_value());
  auto recovered = scene.recover();
  ASSERT_TRUE(recovered.finished_wait.has_value());
  EXPECT_EQ(recovered.finished_wait->header().to_revision, "lineage:2");
  ASSERT_TRUE(scene.replica.apply(scene.remote).has_value());
  EXPECT_EQ(scene.check(), "");
}

TEST(Recover, ARedoThatWasInterruptedIsFinished) {
  Scene scene;
  const Bytes old_base = read_file(scene.replica.files.base, 1 << 24).value();
  const Bytes old_info = read_file(scene.replica.files.base_info, 1 << 24).value();
  ASSERT_TRUE(scene.replica.download(scene.remote, scene.random).has_value());
  const Bytes download = read_file(scene.replica.files.changes, 1 << 24).value();
  ASSERT_TRUE(scene.replica.apply(scene.remote).has_value());
  ASSERT_TRUE(write_file_durably(scene.replica.files.base, old_base).has_value());
  ASSERT_TRUE(write_file_durably(scene.replica.files.base_info, old_info).has_value());
  ASSERT_TRUE(write_file_durably(scene.replica.files.changes, download).has_value());
  auto recovered = scene.recover();
  EXPECT_TRUE(recovered.redo_done);
  EXPECT_FALSE(recovered.base_lost);
  EXPECT_EQ(scene.check(), "");
}

TEST(Recover, ABaseOlderThanPIsLostAndNeverUsed) {
  Scene scene;
  const Bytes old_base = read_file(scene.replica.files.base, 1 << 24).value();
  const Bytes old_info = read_file(scene.replica.files.base_info, 1 << 24).value();
  ASSERT_TRUE(scene.replica.pull(scene.remote, scene.random).has_value());
  ASSERT_TRUE(write_file_durably(scene.replica.files.base, old_base).has_value());
  ASSERT_TRUE(write_file_durably(scene.replica.files.base_info, old_info).has_value());
  EXPECT_TRUE(scene.recover().base_lost);
}

TEST(Recover, ADamagedDownloadIsDeleted) {
  Scene scene;
  ASSERT_TRUE(write_file_durably(scene.replica.files.changes, as_bytes("not a download")).has_value());
  auto recovered = scene.recover();
  EXPECT_EQ(recovered.facts.download, Download::kInvalid);
  EXPECT_FALSE(recovered.base_lost);
  EXPECT_EQ(scene.check(), "");
}

// A bootstrap that died after P got its name and before the base was made.
TEST(Recover, AnInterruptedBootstrapIsFinished) {
  Scene scene;
  Replica fresh(scene.dir.path("q.db"), kPageSize);
  ASSERT_TRUE(fresh.download(scene.remote, scene.random, true).has_value());
  const Bytes download = read_file(fresh.files.changes, 1 << 24).value();
  {
    auto recovered = sync::recover_replica(fresh.files, kPageSize);
    ASSERT_TRUE(recovered.has_value()) << recovered.error().message;
    EXPECT_FALSE(recovered->live.exists);
    EXPECT_TRUE(recovered->finished_wait.has_value()) << "P was not there yet: the download is kept";
  }
  auto changes = sync::ChangesFile::load(fresh.files.changes, kPageSize).value();
  ASSERT_TRUE(fresh.create_live_from(changes).has_value());
  ASSERT_TRUE(file_exists(fresh.files.live));
  auto recovered = sync::recover_replica(fresh.files, kPageSize);
  ASSERT_TRUE(recovered.has_value()) << recovered.error().message;
  EXPECT_TRUE(recovered->redo_done);
  EXPECT_EQ(fresh.check(scene.remote, scene.dir.path("scratch.db")), "");
}

// ---- the lock -----------------------------------------------------------------------------------------------

TEST(ReplicaLock, IsHeldByOneAtATimeAndTheFileStays) {
  TempDir dir;
  sync::ReplicaFiles files(dir.path("p.db"));
  {
    auto lock = sync::ReplicaLock::acquire(files);
    ASSERT_TRUE(lock.has_value());
    EXPECT_TRUE(lock->held());
    auto second = sync::ReplicaLock::acquire(files);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().kind, ErrorKind::kBusy);
    EXPECT_EQ(second.error().condition, "replica_locked");
  }
  EXPECT_TRUE(file_exists(files.lock)) << "never unlinked: a new file would be a second lock";
  EXPECT_TRUE(sync::ReplicaLock::acquire(files).has_value());
}

int in_child(const std::function<int()>& body) {
  pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ReplicaLock, IsNotInheritedByFork) {
  TempDir dir;
  sync::ReplicaFiles files(dir.path("p.db"));
  auto lock = sync::ReplicaLock::acquire(files).value();
  EXPECT_EQ(in_child([&] {
              if (lock.held()) return 1;
              auto ensured = lock.ensure();
              if (ensured.has_value()) return 2;
              return ensured.error().kind == ErrorKind::kBusy ? 0 : 3;
            }),
            0);
  EXPECT_TRUE(lock.held());
  EXPECT_EQ(in_child([&] { return sync::ReplicaLock::acquire(files).has_value() ? 1 : 0; }), 0)
      << "the child that gave up its copy has not unlocked the parent's";
  EXPECT_TRUE(lock.ensure().has_value());
}

}  // namespace
}  // namespace turso::test
