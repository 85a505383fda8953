#include "sync/meta.hpp"

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace turso::sync {
namespace {

sqlite::Connection memory() { return sqlite::Connection::open(":memory:", {}).value(); }

Meta full_meta() {
  Meta meta;
  meta.client_id = "laptop-11111111-2222-4333-8444-555555555555";
  meta.revision = "lineage:42";
  meta.changes_ident = -7;
  meta.id_high_water = 900;
  meta.sent_through = 800;
  meta.pushed_through = 700;
  meta.acked = 600;
  meta.known_row = ServerRow{123, 700};
  meta.acked_row = ServerRow{122, 600};
  meta.ack_table_known = true;
  meta.fork_pending = true;
  meta.remote_url = "https://example.org/db";
  meta.last_pull_unix_time = 10;
  meta.last_push_unix_time = 20;
  meta.base_fields = {-1, 77};
  meta.sent_fields = HeaderFields{5, 77};
  meta.former = {{"laptop-old", 50, 40}};
  // The order of leaving is not that of the nonces.
  meta.batches = {{99, 700, BatchState::kArrived}, {3, 800, BatchState::kInDoubt}, {50, 790, BatchState::kRejected}};
  return meta;
}

void expect_equal(const Meta& a, const Meta& b) {
  EXPECT_EQ(a.client_id, b.client_id);
  EXPECT_EQ(a.revision, b.revision);
  EXPECT_EQ(a.changes_ident, b.changes_ident);
  EXPECT_EQ(a.id_high_water, b.id_high_water);
  EXPECT_EQ(a.sent_through, b.sent_through);
  EXPECT_EQ(a.pushed_through, b.pushed_through);
  EXPECT_EQ(a.acked, b.acked);
  EXPECT_EQ(a.known_row, b.known_row);
  EXPECT_EQ(a.acked_row, b.acked_row);
  EXPECT_EQ(a.ack_table_known, b.ack_table_known);
  EXPECT_EQ(a.fork_pending, b.fork_pending);
  EXPECT_EQ(a.remote_url, b.remote_url);
  EXPECT_EQ(a.last_pull_unix_time, b.last_pull_unix_time);
  EXPECT_EQ(a.last_push_unix_time, b.last_push_unix_time);
  EXPECT_EQ(a.base_fields, b.base_fields);
  EXPECT_EQ(a.sent_fields, b.sent_fields);
  ASSERT_EQ(a.former.size(), b.former.size());
  for (std::size_t i = 0; i < a.former.size(); ++i) {
    EXPECT_EQ(a.former[i].client_id, b.former[i].client_id);
    EXPECT_EQ(a.former[i].pushed_through, b.former[i].pushed_through);
    EXPECT_EQ(a.former[i].acked, b.former[i].acked);
  }
  ASSERT_EQ(a.batches.size(), b.batches.size());
  for (std::size_t i = 0; i < a.batches.size(); ++i) {
    EXPECT_EQ(a.batches[i].nonce, b.batches[i].nonce);
    EXPECT_EQ(a.batches[i].last_change_id, b.batches[i].last_change_id);
    EXPECT_EQ(a.batches[i].state, b.batches[i].state);
  }
}

TEST(MetaTable, AFileWithoutTheTableIsNoReplica) {
  auto db = memory();
  EXPECT_FALSE(load_meta(db).value().has_value());
}

TEST(MetaTable, EveryFactSurvives) {
  auto db = memory();
  ASSERT_TRUE(save_meta(db, full_meta()).has_value());
  expect_equal(load_meta(db).value().value(), full_meta());
}

TEST(MetaTable, SavingReplacesAndForgetsWhatIsGone) {
  auto db = memory();
  ASSERT_TRUE(save_meta(db, full_meta()).has_value());
  Meta fresh = new_meta("phone", *system_environment());
  ASSERT_TRUE(save_meta(db, fresh).has_value());
  expect_equal(load_meta(db).value().value(), fresh);
}

TEST(MetaTable, FactsOfALaterVersionAreKept) {
  auto db = memory();
  ASSERT_TRUE(save_meta(db, full_meta()).has_value());
  ASSERT_TRUE(set_fact(db, "tomorrow", Value("x")).has_value());
  ASSERT_TRUE(save_meta(db, full_meta()).has_value());
  EXPECT_EQ(db.query_value("SELECT value FROM turso_sync_meta WHERE key = 'tomorrow'").value(), Value("x"));
}

TEST(MetaTable, DamageIsNamed) {
  for (const char* damage :
       {"UPDATE turso_sync_meta SET value = 'x' WHERE key = 'acked'",
        "UPDATE turso_sync_meta SET value = '1;2' WHERE key = 'known_row'",
        "DELETE FROM turso_sync_meta WHERE key = 'client_id'", "UPDATE turso_sync_batch SET state = 9"}) {
    auto db = memory();
    ASSERT_TRUE(save_meta(db, full_meta()).has_value());
    ASSERT_TRUE(db.exec(damage).has_value());
    auto loaded = load_meta(db);
    ASSERT_FALSE(loaded.has_value()) << damage;
    EXPECT_EQ(loaded.error().kind, ErrorKind::kCorrupt) << damage;
  }
}

TEST(MetaTable, ANewReplicaDropsWhatBearsItsNames) {
  auto db = memory();
  ASSERT_TRUE(
      db.exec(
            "CREATE TABLE TURSO_CDC(a); CREATE TABLE t(a); CREATE INDEX turso_cdc_marks ON t(a); "
            "CREATE VIEW turso_sync_meta AS SELECT 1; CREATE TRIGGER turso_cdc_held AFTER INSERT ON t BEGIN SELECT 1; "
            "END; "
            "CREATE TABLE turso_sync_last_change_id(client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER); "
            "PRAGMA user_version = 9")
          .has_value());
  ASSERT_TRUE(initialize_replica(db, new_meta("laptop", *system_environment())).has_value());
  const Meta meta = load_meta(db).value().value();
  EXPECT_EQ(meta.client_id.substr(0, 7), "laptop-");
  EXPECT_EQ(meta.base_fields, (HeaderFields{9, 0}));
  EXPECT_TRUE(meta.ack_table_known);
  EXPECT_EQ(
      db.query_value(
            "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name)")
          .value(),
      Value("t turso_sync_batch turso_sync_last_change_id turso_sync_meta"));
}

TEST(MetaTable, TheHighestIdIsAboveEveryMark) {
  auto db = memory();
  Meta meta = full_meta();
  EXPECT_EQ(highest_change_id(db, meta).value(), 900);
  ASSERT_TRUE(db.exec("CREATE TABLE turso_cdc(change_id INTEGER PRIMARY KEY AUTOINCREMENT, x); INSERT INTO turso_cdc "
                      "VALUES(1000, 1)")
                  .has_value());
  EXPECT_EQ(highest_change_id(db, meta).value(), 1000);
  ASSERT_TRUE(db.exec("UPDATE sqlite_sequence SET seq = 2048").has_value());
  EXPECT_EQ(highest_change_id(db, meta).value(), 1000) << "a multiple of 1024 reserves, it does not count";
  ASSERT_TRUE(db.exec("UPDATE sqlite_sequence SET seq = 2049").has_value());
  EXPECT_EQ(highest_change_id(db, meta).value(), 2049);
  meta.former.push_back({"x", 5000, 1});
  EXPECT_EQ(highest_change_id(db, meta).value(), 5000);
}

TEST(Identity, TheServersRowIsJudged) {
  Meta meta = full_meta();
  auto judge = [&](std::optional<ServerRow> row, RowSource source = RowSource::kServer) {
    return judge_row(meta, row, source);
  };

  EXPECT_EQ(judge(ServerRow{123, 700}).verdict, RowVerdict::kKnown);
  EXPECT_EQ(judge(ServerRow{123, 700}).acknowledged, 700);
  EXPECT_EQ(judge(ServerRow{3, 800}).verdict, RowVerdict::kArrived) << "a batch in doubt";
  EXPECT_EQ(judge(ServerRow{3, 800}).acknowledged, 800);
  EXPECT_EQ(judge(ServerRow{50, 790}).verdict, RowVerdict::kArrived) << "a refused batch that arrived again later";
  EXPECT_EQ(judge(ServerRow{122, 600}).verdict, RowVerdict::kArrived)
      << "the remote lost our last batches, this log still has them";
  EXPECT_EQ(judge(ServerRow{122, 600}).acknowledged, 600);
  EXPECT_EQ(judge(ServerRow{3, 801}).verdict, RowVerdict::kForked) << "the pair counts, not the nonce";
  EXPECT_EQ(judge(ServerRow{4, 800}).verdict, RowVerdict::kForked);
  EXPECT_EQ(judge(ServerRow{4, 599}).verdict, RowVerdict::kWentBack);
  EXPECT_EQ(judge(std::nullopt).verdict, RowVerdict::kWentBack);
}

TEST(Identity, PagesMayBeOlderThanThePush) {
  Meta meta = new_meta("laptop", *system_environment());
  meta.known_row = ServerRow{5, 10};
  meta.batches = {{5, 10, BatchState::kArrived}};
  EXPECT_EQ(judge_row(meta, std::nullopt, RowSource::kPulledPages).verdict, RowVerdict::kKnown);
  EXPECT_EQ(judge_row(meta, std::nullopt, RowSource::kServer).verdict, RowVerdict::kWentBack);
  meta.acked_row = ServerRow{5, 10};
  meta.acked = 10;
  EXPECT_EQ(judge_row(meta, std::nullopt, RowSource::kPulledPages).verdict, RowVerdict::kWentBack);
}

TEST(Identity, ANeverPushedReplicaKnowsThatItHasNoRow) {
  const Meta meta = new_meta("laptop", *system_environment());
  EXPECT_EQ(judge_row(meta, std::nullopt, RowSource::kServer).verdict, RowVerdict::kKnown);
  EXPECT_EQ(judge_row(meta, ServerRow{1, 1}, RowSource::kServer).verdict, RowVerdict::kForked)
      << "a copy of the file has pushed";
}

TEST(Identity, ANewClientIdKeepsTheNameAndTheMarksOfTheOldOne) {
  Meta meta = full_meta();
  take_new_client_id(meta, *system_environment());
  EXPECT_EQ(meta.client_id.substr(0, 7), "laptop-");
  EXPECT_NE(meta.client_id, full_meta().client_id);
  ASSERT_EQ(meta.former.size(), 2U);
  EXPECT_EQ(meta.former.back().client_id, full_meta().client_id);
  EXPECT_EQ(meta.former.back().pushed_through, 700);
  EXPECT_EQ(meta.former.back().acked, 600);
  EXPECT_EQ(meta.pushed_through, 700);
  EXPECT_EQ(meta.acked, 0);
  EXPECT_FALSE(meta.known_row.has_value());
  EXPECT_TRUE(meta.batches.empty());
  EXPECT_TRUE(meta.fork_pending);
}

}  // namespace
}  // namespace turso::sync
