#include <gtest/gtest.h>

#include "sync/ddl_text.hpp"

namespace turso::sync {
namespace {

TEST(DdlText, CreateGetsIfNotExistsAfterTheType) {
  EXPECT_EQ(with_if_not_exists("CREATE TABLE t(a)"), "CREATE TABLE IF NOT EXISTS t(a)");
  EXPECT_EQ(with_if_not_exists("create unique index i on t(a)"), "create unique index IF NOT EXISTS i on t(a)");
  EXPECT_EQ(with_if_not_exists("CREATE VIRTUAL TABLE f USING fts5(a)"),
            "CREATE VIRTUAL TABLE IF NOT EXISTS f USING fts5(a)");
  EXPECT_EQ(with_if_not_exists("CREATE VIEW v AS SELECT 1"), "CREATE VIEW IF NOT EXISTS v AS SELECT 1");
  EXPECT_EQ(with_if_not_exists("CREATE/*x*/TRIGGER -- y\n \"a\"\"b\" AFTER INSERT ON t BEGIN SELECT 1; END"),
            "CREATE/*x*/TRIGGER IF NOT EXISTS -- y\n \"a\"\"b\" AFTER INSERT ON t BEGIN SELECT 1; END");
  EXPECT_EQ(with_if_not_exists("CREATE TABLE \"if\"(a)"), "CREATE TABLE IF NOT EXISTS \"if\"(a)");
}

TEST(DdlText, IfNotExistsIsNotDoubled) {
  EXPECT_EQ(with_if_not_exists("CREATE INDEX IF NOT EXISTS i ON t(a)"), "CREATE INDEX IF NOT EXISTS i ON t(a)");
  EXPECT_EQ(with_if_not_exists("CREATE TABLE if /**/ not exists t(a)"), "CREATE TABLE if /**/ not exists t(a)");
}

TEST(DdlText, OtherTextIsLeftAlone) {
  for (const char* text : {"", "DROP TABLE t", "CREATE", "CREATE SOMETHING x", "-- CREATE TABLE t(a)"}) {
    EXPECT_EQ(with_if_not_exists(text), text);
  }
}

TEST(DdlText, AlterNamesItsTable) {
  EXPECT_EQ(parse_alter("ALTER TABLE t RENAME TO u")->table, "t");
  EXPECT_EQ(parse_alter(" /* c */ alter table main . [my table] drop column a;")->table, "my table");
  EXPECT_EQ(parse_alter("ALTER TABLE \"a\"\"b\" RENAME x TO y")->table, "a\"b");
  EXPECT_EQ(parse_alter("ALTER TABLE `select` RENAME x TO y")->table, "select");
  EXPECT_FALSE(parse_alter("ALTER TABLE t RENAME TO u")->added_column.has_value());
  EXPECT_FALSE(parse_alter("DROP TABLE t").has_value());
  EXPECT_FALSE(parse_alter("ALTER TABLE").has_value());
}

TEST(DdlText, AddColumnNamesItsColumn) {
  EXPECT_EQ(parse_alter("ALTER TABLE t ADD COLUMN c TEXT DEFAULT 'x'")->added_column, "c");
  EXPECT_EQ(parse_alter("alter table t add c")->added_column, "c");
  EXPECT_EQ(parse_alter("ALTER TABLE t ADD COLUMN -- why\n 'quo''ted' INT")->added_column, "quo'ted");
  EXPECT_FALSE(parse_alter("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)")->added_column.has_value());
  EXPECT_FALSE(parse_alter("ALTER TABLE t ADD CHECK (a > 0)")->added_column.has_value());
}

}  // namespace
}  // namespace turso::sync
