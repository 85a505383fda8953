// Opening: files, memory, read-only, and everything that is not a database.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "database_fixture.hpp"
#include "sqlite/connection.hpp"

namespace turso::database {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PlainDatabase : public DatabaseTest {
 protected:
  Error refused(Database::Options options) {
    auto opened = Database::open(std::move(options));
    EXPECT_FALSE(opened.has_value());
    return opened.has_value() ? Error{} : opened.error();
  }
  Database::Options at(const std::string& name) {
    Database::Options options;
    options.path = dir_.path(name);
    return options;
  }
};

TEST_F(PlainDatabase, WhatOneConnectionCommitsAnotherReads) {
  auto database = open(dir_.path("a"));
  auto first = connect(database);
  auto second = connect(database);
  must(*first, "CREATE TABLE t(v); INSERT INTO t VALUES (1), ('two')");
  EXPECT_THAT(rows(*second, "SELECT v FROM t"), ElementsAre("1", "'two'"));
}

TEST_F(PlainDatabase, ANewFileIsInWalModeAndAnExistingOneKeepsItsMode) {
  EXPECT_THAT(rows(*connect(open(dir_.path("new"))), "PRAGMA journal_mode"), ElementsAre("'wal'"));
  {
    auto raw = sqlite::Connection::open(dir_.path("old"), {}).value();
    ASSERT_TRUE(raw.exec("CREATE TABLE t(v)").has_value());
  }
  EXPECT_THAT(rows(*connect(open(dir_.path("old"))), "PRAGMA journal_mode"), ElementsAre("'delete'"));
}

TEST_F(PlainDatabase, MemoryIsSharedByTheConnectionsOfOneHandleOnly) {
  auto database = open(":memory:");
  must(*connect(database), "CREATE TABLE t(v); INSERT INTO t VALUES (7)");
  EXPECT_THAT(rows(*connect(database), "SELECT v FROM t"), ElementsAre("7"));
  auto other = connect(open(":memory:"));
  EXPECT_FALSE(other->prepare_single("SELECT v FROM t").has_value());
}

TEST_F(PlainDatabase, TheMemoryVfsTouchesNoFile) {
  auto options = at("a");
  options.vfs = "memory";
  must(*connect(open(options.path, options)), "CREATE TABLE t(v)");
  EXPECT_TRUE(dir_.entries().empty());
}

TEST_F(PlainDatabase, AnUnknownVfsIsRefusedByName) {
  auto options = at("a");
  options.vfs = "io_uring";
  Error error = refused(options);
  EXPECT_EQ(error.kind, ErrorKind::kError);
  EXPECT_THAT(error.message, HasSubstr("vfs: \"io_uring\""));
  EXPECT_TRUE(dir_.entries().empty());
}

TEST_F(PlainDatabase, AMissingDirectoryIsAnIoErrorThatNamesThePath) {
  Error error = refused(at("none/a"));
  EXPECT_EQ(error.kind, ErrorKind::kIo);
  EXPECT_THAT(error.message, HasSubstr("none/a"));
}

TEST_F(PlainDatabase, AMissingFileIsNotMadeByAReadOnlyOpen) {
  auto options = at("a");
  options.readonly = true;
  EXPECT_EQ(refused(options).kind, ErrorKind::kIo);
  EXPECT_TRUE(dir_.entries().empty());
}

TEST_F(PlainDatabase, AFileThatIsNotADatabaseIsToldAtOpenAndLeftAlone) {
  for (const std::string& content : {std::string("short"), std::string(9000, 'x')}) {
    std::ofstream(dir_.path("text")) << content;
    EXPECT_EQ(refused(at("text")).kind, ErrorKind::kNotADatabase);
    EXPECT_EQ(std::filesystem::file_size(dir_.path("text")), content.size());
  }
}

TEST_F(PlainDatabase, AnEmptyPathIsMisuse) { EXPECT_EQ(refused({}).kind, ErrorKind::kMisuse); }

TEST_F(PlainDatabase, ReadOnlyReadsAndRefusesToWriteWhileAnotherHandleWrites) {
  auto writable = open(dir_.path("a"));
  auto writer = connect(writable);
  must(*writer, "CREATE TABLE t(v); INSERT INTO t VALUES (1)");
  auto options = at("a");
  options.readonly = true;
  auto reader = connect(open(options.path, options));
  EXPECT_THAT(rows(*reader, "SELECT v FROM t"), ElementsAre("1"));
  EXPECT_EQ(exec(*reader, "INSERT INTO t VALUES (2)").error().kind, ErrorKind::kReadonly);
  must(*writer, "INSERT INTO t VALUES (3)");
  EXPECT_THAT(rows(*reader, "SELECT v FROM t"), ElementsAre("1", "3"));
}

TEST_F(PlainDatabase, AHandleMayGoBeforeItsConnections) {
  auto connection = connect(open(":memory:"));
  must(*connection, "CREATE TABLE t(v); INSERT INTO t VALUES (1)");
  EXPECT_THAT(rows(*connection, "SELECT v FROM t"), ElementsAre("1"));
}

TEST_F(PlainDatabase, AWriterInTheWayIsBusyAndTheTimeoutWaitsForIt) {
  auto database = open(dir_.path("a"));
  auto first = connect(database);
  auto second = connect(database);
  must(*first, "CREATE TABLE t(v); BEGIN IMMEDIATE");
  EXPECT_EQ(exec(*second, "INSERT INTO t VALUES (1)").error().kind, ErrorKind::kBusy);
  second->set_busy_timeout_ms(20);
  EXPECT_EQ(exec(*second, "INSERT INTO t VALUES (1)").error().kind, ErrorKind::kBusy);
  must(*first, "COMMIT");
  must(*second, "INSERT INTO t VALUES (1)");
}

TEST_F(PlainDatabase, AnOldSnapshotCannotBecomeAWriter) {
  auto database = open(dir_.path("a"));
  auto first = connect(database);
  auto second = connect(database);
  must(*first, "CREATE TABLE t(v)");
  must(*second, "BEGIN; SELECT * FROM t");
  must(*first, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(exec(*second, "INSERT INTO t VALUES (2)").error().kind, ErrorKind::kBusySnapshot);
}

TEST_F(PlainDatabase, PragmasThatChangeResultsReachLaterConnectionsAndStaging) {
  auto database = open(dir_.path("a"));
  auto first = connect(database);
  must(*first, "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers('yes'); PRAGMA cache_size = 77");
  EXPECT_THAT(rows(*connect(database), "PRAGMA foreign_keys"), ElementsAre("1"));

  auto staging = sqlite::Connection::open(dir_.path("staging"), {}).value();
  ASSERT_TRUE(database->configure(staging.handle()).has_value());
  EXPECT_EQ(staging.query_int("PRAGMA foreign_keys").value(), 1);
  EXPECT_EQ(staging.query_int("PRAGMA recursive_triggers").value(), 1);
  EXPECT_NE(staging.query_int("PRAGMA cache_size").value(), 77);
}

TEST_F(PlainDatabase, AForeignKeysPragmaThatSqliteIgnoresIsNotRemembered) {
  auto database = open(dir_.path("a"));
  must(*connect(database), "BEGIN; PRAGMA foreign_keys = ON; COMMIT");
  EXPECT_THAT(rows(*connect(database), "PRAGMA foreign_keys"), ElementsAre("0"));
}

TEST_F(PlainDatabase, FunctionsBelongToTheDatabaseUntilTheyAreRemoved) {
  auto database = open(dir_.path("a"));
  auto connection = connect(database);
  auto seven = [](sqlite3_context* context, int, sqlite3_value**) { sqlite3_result_int(context, 7); };
  Status installed = connection->install(
      "function seven",
      [=](sqlite3* raw) {
        return sqlite3_create_function_v2(raw, "seven", 0, SQLITE_UTF8, nullptr, seven, nullptr, nullptr, nullptr);
      },
      [](sqlite3* raw) {
        return sqlite3_create_function_v2(raw, "seven", 0, SQLITE_UTF8, nullptr, nullptr, nullptr, nullptr, nullptr);
      });
  ASSERT_TRUE(installed.has_value());
  EXPECT_THAT(rows(*connection, "SELECT seven()"), ElementsAre("7"));
  EXPECT_THAT(rows(*connect(database), "SELECT seven()"), ElementsAre("7"));

  ASSERT_TRUE(connection->uninstall("function seven").has_value());
  EXPECT_FALSE(connection->prepare_single("SELECT seven()").has_value());
  EXPECT_FALSE(connect(database)->prepare_single("SELECT seven()").has_value());
  EXPECT_THAT(connection->uninstall("function seven").error().message, HasSubstr("function seven is not registered"));
}

TEST_F(PlainDatabase, ExtensionsAreRefusedUntilEnabled) {
  auto connection = connect(open(dir_.path("a")));
  EXPECT_THAT(connection->load_extension("none").error().message, HasSubstr("not enabled"));
  ASSERT_TRUE(connection->enable_load_extension(true).has_value());
  Error error = connection->load_extension(dir_.path("none")).error();
  EXPECT_EQ(error.kind, ErrorKind::kError);
  EXPECT_THAT(error.message, HasSubstr("none"));
}

}  // namespace
}  // namespace turso::database
