#include "cdc/schema_epochs.hpp"

#include <gtest/gtest.h>

namespace turso::cdc {
namespace {

class SchemaEpochsTest : public ::testing::Test {
 protected:
  sqlite::Connection db_ = sqlite::Connection::open(":memory:", {}).value();

  void run(std::string_view sql) {
    Status status = db_.exec(sql);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  TableColumns now(std::string_view table) { return read_columns(db_, table).value().value(); }
  std::string names(std::string_view table, std::int64_t change_id) {
    SchemaEpochs epochs(db_);
    const TableColumns* columns = epochs.columns(table, change_id).value();
    if (columns == nullptr) return "unknown";
    std::string out;
    for (const Column& column : columns->columns) out += column.name + " ";
    return out;
  }
};

TEST_F(SchemaEpochsTest, ColumnsSayTypeKeyAndGeneration) {
  run("CREATE TABLE t(a TEXT, k1 INT, k2, v AS (a || 'x'), s INT AS (k1 + 1) STORED, PRIMARY KEY(k2, k1)) WITHOUT "
      "ROWID");
  TableColumns t = now("T");
  EXPECT_TRUE(t.without_rowid);
  std::vector<Column> expected = {{"a", "TEXT", 0, false, Generated::kNo},
                                  {"k1", "INT", 2, false, Generated::kNo},
                                  {"k2", "", 1, false, Generated::kNo},
                                  {"v", "", 0, false, Generated::kVirtual},
                                  {"s", "INT", 0, false, Generated::kStored}};
  EXPECT_EQ(t.columns, expected);
  EXPECT_EQ(t.stored().size(), 4u);
  EXPECT_EQ(t.rowid_alias(), nullptr);
}

TEST_F(SchemaEpochsTest, OnlyASingleIntegerKeyIsTheRowid) {
  run("CREATE TABLE a(x INTEGER PRIMARY KEY); CREATE TABLE b(x INT PRIMARY KEY);"
      "CREATE TABLE c(x INTEGER, y INTEGER, PRIMARY KEY(x, y)); CREATE TABLE d(x INTEGER PRIMARY KEY DESC)");
  EXPECT_EQ(now("d").rowid_alias(), nullptr);
  EXPECT_NE(now("a").rowid_alias(), nullptr);
  EXPECT_EQ(now("b").rowid_alias(), nullptr);
  EXPECT_EQ(now("c").rowid_alias(), nullptr);
}

TEST_F(SchemaEpochsTest, AnOldRecordIsReadWithTheListOfItsTime) {
  run("CREATE TABLE t(a)");
  TableColumns first = now("t");
  run("ALTER TABLE t ADD COLUMN b");
  ASSERT_TRUE(write_epoch(db_, "t", 10, first).has_value());
  TableColumns second = now("t");
  run("ALTER TABLE t ADD COLUMN c");
  ASSERT_TRUE(write_epoch(db_, "t", 20, second).has_value());
  EXPECT_EQ(names("t", 1), "a ");
  EXPECT_EQ(names("T", 10), "a ");
  EXPECT_EQ(names("t", 11), "a b ");
  EXPECT_EQ(names("t", 21), "a b c ");
}

TEST_F(SchemaEpochsTest, ADroppedTableIsKnownUpToItsEnd) {
  run("CREATE TABLE t(a)");
  ASSERT_TRUE(write_epoch(db_, "t", 10, now("t")).has_value());
  run("DROP TABLE t");
  EXPECT_EQ(names("t", 10), "a ");
  EXPECT_EQ(names("t", 11), "unknown");
  EXPECT_EQ(names("other", 1), "unknown");
}

TEST_F(SchemaEpochsTest, TheSchemaTableItselfHasColumnsAndViewsHaveNone) {
  run("CREATE VIEW w AS SELECT 1 AS a");
  EXPECT_EQ(names("sqlite_schema", 1), "type name tbl_name rootpage sql ");
  EXPECT_EQ(names("w", 1), "unknown");
}

}  // namespace
}  // namespace turso::cdc
