// What client SQL may not do on the server.
#include <filesystem>

#include "server_fixture.hpp"

namespace turso::server {
namespace {

using ::testing::HasSubstr;

class Guard : public ServerTest {
 protected:
  void SetUp() override {
    start();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  }
};

TEST_F(Guard, OtherFilesAreOutOfReach) {
  std::string other = dir_.path("other.db");
  EXPECT_THAT(fail("ATTACH '" + other + "' AS o").message, HasSubstr("ATTACH"));
  EXPECT_THAT(fail("ATTACH '' AS o").message, HasSubstr("ATTACH"));
  EXPECT_THAT(fail("DETACH main").message, HasSubstr("DETACH"));
  EXPECT_THAT(fail("VACUUM INTO '" + other + "'").message, HasSubstr("VACUUM INTO"));
  EXPECT_FALSE(std::filesystem::exists(other));
  EXPECT_EQ(fail("SELECT load_extension('x')").code, "EXECUTE_ERROR");
}

TEST_F(Guard, PagesAreOutOfReach) {
  EXPECT_THAT(fail("SELECT * FROM sqlite_dbpage").message, HasSubstr("sqlite_dbpage"));
  EXPECT_THAT(fail("UPDATE SQLITE_DBPAGE SET data=zeroblob(4096)").message, HasSubstr("sqlite_dbpage"));
  EXPECT_THAT(fail("CREATE VIRTUAL TABLE p USING sqlite_dbpage").message, HasSubstr("sqlite_dbpage"));
}

TEST_F(Guard, TheSchemaTableIsNotWrittenDirectly) {
  EXPECT_THAT(fail("DELETE FROM sqlite_schema").message, HasSubstr("may not be modified"));
  EXPECT_THAT(fail("PRAGMA writable_schema=1").message, HasSubstr("writable_schema"));
}

TEST_F(Guard, AReplicasBookkeepingIsOutOfReachUnderAnySpelling) {
  for (const char* sql :
       {"CREATE TABLE turso_cdc(x)", "CREATE TABLE \"TURSO_CDC\"(x)", "CREATE TEMP TABLE turso_sync_meta(x)",
        "CREATE VIEW turso_cdc_held AS SELECT 1", "CREATE INDEX turso_cdc_marks ON t(v)",
        "CREATE TRIGGER turso_sync_batch AFTER INSERT ON t BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE turso_cdc_schema USING fts5(x)", "SELECT * FROM (SELECT 1 AS x) AS t2, turso_cdc"})
    EXPECT_NE(fail(sql).message, "") << sql;
  EXPECT_THAT(fail("CREATE TABLE turso_cdc(x)").message, HasSubstr("turso_cdc"));
  run("CREATE TABLE turso_foo(turso_cdc)");
  run("CREATE TABLE turso_sync_last_change_id(client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER)");
}

TEST_F(Guard, NothingIsRenamedIntoBookkeeping) {
  EXPECT_THAT(fail("ALTER TABLE t RENAME TO turso_cdc").message, HasSubstr("turso_cdc"));
  run("INSERT INTO t VALUES(1, 'still here')");
  auto answer = batch({{std::nullopt, {"BEGIN", {}, {}, true}},
                       {std::nullopt, {"INSERT INTO t VALUES(2, 'gone')", {}, {}, true}},
                       {std::nullopt, {"ALTER TABLE t RENAME TO Turso_Sync_Meta", {}, {}, true}},
                       {wire::Condition::ok(2), {"COMMIT", {}, {}, true}}});
  EXPECT_TRUE(answer.step_errors[2].has_value());
  EXPECT_EQ(run("SELECT count(*) FROM t").rows.at(0).at(0), Value(1));
}

TEST_F(Guard, OtherAlterationsWork) {
  run("ALTER TABLE t RENAME TO u");
  run("ALTER TABLE u ADD COLUMN w");
  run("ALTER TABLE u RENAME COLUMN v TO x");
  run("ALTER TABLE u DROP COLUMN w");
  EXPECT_EQ(fail("ALTER TABLE u ADD COLUMN x").message, "duplicate column name: x");
  auto kept = batch({{std::nullopt, {"BEGIN", {}, {}, true}},
                     {std::nullopt, {"ALTER TABLE u ADD COLUMN y", {}, {}, true}},
                     {std::nullopt, {"INSERT INTO u(y) VALUES(1)", {}, {}, true}},
                     {std::nullopt, {"COMMIT", {}, {}, true}}});
  EXPECT_EQ(run("SELECT y FROM u").rows.at(0).at(0), Value(1));
}

TEST_F(Guard, PragmasAreOnAList) {
  run("PRAGMA user_version=7");
  run("PRAGMA application_id=8");
  EXPECT_EQ(run("PRAGMA user_version").rows.at(0).at(0), Value(7));
  EXPECT_EQ(run("SELECT name FROM pragma_table_info('t')").rows.size(), 2u);
  EXPECT_EQ(run("PRAGMA table_xinfo(t)").rows.size(), 2u);
  run("PRAGMA index_list(t)");
  run("PRAGMA foreign_key_list(t)");
  EXPECT_EQ(run("PRAGMA foreign_keys").rows.at(0).at(0), Value(1));
  for (const char* sql :
       {"PRAGMA foreign_keys=OFF", "PRAGMA journal_mode=DELETE", "PRAGMA page_size=8192", "PRAGMA synchronous=OFF",
        "PRAGMA wal_checkpoint", "PRAGMA wal_autocheckpoint=1", "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA auto_vacuum=1",
        "PRAGMA schema_version=9", "PRAGMA encoding='UTF-16'", "PRAGMA mmap_size=0", "PRAGMA temp_store_directory='/'",
        "PRAGMA busy_timeout=100000", "PRAGMA incremental_vacuum"})
    EXPECT_THAT(fail(sql).message, HasSubstr("not allowed on the server")) << sql;
}

TEST_F(Guard, VacuumWorks) {
  run("INSERT INTO t VALUES(1, zeroblob(100000))");
  run("DELETE FROM t");
  run("VACUUM");
  EXPECT_EQ(run("PRAGMA freelist_count").rows.at(0).at(0), Value(0));
}

// A clock that moves whenever somebody looks at it.
class RunningClock final : public Environment {
 public:
  std::int64_t unix_time_ms() override { return now_ms += 50; }
  void fill_random(MutableByteView out) override { std::fill(out.begin(), out.end(), std::uint8_t{7}); }
  std::int64_t now_ms = 1;
};

TEST_F(Guard, AStatementThatRunsTooLongIsInterrupted) {
  stop();
  ServiceOptions limited = options();
  limited.sql_time_ms_max = 1000;
  service_ = std::make_unique<Service>(limited, std::make_shared<RunningClock>());
  ASSERT_TRUE(service_->open().has_value());
  auto error = fail("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n");
  EXPECT_EQ(error.message, "interrupted: the request ran longer than 1000 ms");
  run("INSERT INTO t VALUES(1, 2)");
}

// Nothing interrupts one call of a built-in function, so what it may be given is bounded.
TEST_F(Guard, OneFunctionCallCannotHoldTheServer) {
  EXPECT_THAT(fail("SELECT printf('%.*c',3000000,'a') LIKE '%' || printf('%.*c',40000,'a') || 'b'").message,
              HasSubstr("pattern too complex"));
  EXPECT_THAT(fail("SELECT length(hex(zeroblob(60000000)))").message, HasSubstr("too big"));
  EXPECT_THAT(fail("SELECT length(zeroblob(100000000))").message, HasSubstr("too big"));
}

TEST_F(Guard, AnAnswerThatIsTooLargeIsRefused) {
  auto error = fail("SELECT zeroblob(40000000)");
  EXPECT_THAT(error.message, HasSubstr("at most"));
  EXPECT_EQ(run("SELECT length(zeroblob(40000000))").rows.at(0).at(0), Value(40000000));
}

}  // namespace
}  // namespace turso::server
