// The exact SQL of each change: what travels to servers that are not ours.
#include <gtest/gtest.h>

#include <limits>

#include "base/text.hpp"
#include "sync/statement_generator.hpp"

namespace turso::sync {
namespace {

using log::Change;
using log::ChangeType;
using log::Image;

TableShape shape(const std::string& columns, const std::string& table = "t") {
  auto db = sqlite::Connection::open(":memory:", {}).value();
  EXPECT_TRUE(db.exec("CREATE TABLE " + sqlite::identifier(table) + columns).has_value());
  return make_shape(table, cdc::read_columns(db, table).value().value(), false);
}

Change change(ChangeType type, std::optional<Image> before, std::optional<Image> after, std::int64_t id = 5) {
  Change made;
  made.change_id = 41;
  made.type = type;
  made.table = "t";
  made.id = Value(id);
  made.before = std::move(before);
  made.after = std::move(after);
  return made;
}

Change update(Image before, Image after, std::vector<bool> flags) {
  Change made = change(ChangeType::kUpdate, before, after);
  log::Updates updates{flags, after};
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (!flags[i]) updates.values[i] = Value();
  }
  made.updates = updates;
  return made;
}

// "sql [args]", statements one a line.
std::string text(const Result<std::vector<GeneratedStatement>>& statements) {
  if (!statements.has_value()) return "error: " + statements.error().message;
  std::string out;
  for (const GeneratedStatement& statement : *statements) {
    if (!out.empty()) out += "\n";
    out += statement.sql + " [";
    for (std::size_t i = 0; i < statement.args.size(); ++i)
      out += concat(i == 0 ? "" : ", ", statement.args[i].to_sql());
    out += "]";
  }
  return out;
}

TEST(Generator, AnInsertIsAnUpsertByItsKey) {
  EXPECT_EQ(text(generate_row_change(shape("(a INTEGER PRIMARY KEY, b)"),
                                     change(ChangeType::kInsert, {}, Image{Value(5), Value("x")}))),
            "INSERT INTO \"t\"(\"a\", \"b\") VALUES (?,?) ON CONFLICT(\"a\") DO UPDATE SET \"a\" = "
            "excluded.\"a\",\"b\" = excluded.\"b\" [5, 'x']");
}

TEST(Generator, TheKeyStandsInItsOwnOrder) {
  EXPECT_EQ(text(generate_row_change(shape("(a, b, c, PRIMARY KEY(c, a))"),
                                     change(ChangeType::kDelete, Image{Value(1), Value(2), Value(3)}, {}))),
            "DELETE FROM \"t\" WHERE \"c\" IS ? AND \"a\" IS ? [3, 1]");
}

TEST(Generator, AnInsertWithoutKeySendsNoRowid) {
  EXPECT_EQ(text(generate_row_change(shape("(a, b)"), change(ChangeType::kInsert, {}, Image{Value(1), Value()}))),
            "INSERT INTO \"t\"(\"a\", \"b\") VALUES (?,?) [1, NULL]");
}

TEST(Generator, ANullInAKeyIsNoKey) {
  const TableShape keyed = shape("(a TEXT PRIMARY KEY, b)");
  EXPECT_EQ(text(generate_row_change(keyed, change(ChangeType::kInsert, {}, Image{Value(), Value(1)}))),
            "INSERT INTO \"t\"(\"a\", \"b\") VALUES (?,?) [NULL, 1]");
  EXPECT_EQ(text(generate_row_change(keyed, change(ChangeType::kDelete, Image{Value(), Value(1)}, {}))),
            "DELETE FROM \"t\" WHERE rowid = (SELECT rowid FROM \"t\" WHERE \"a\" IS ? COLLATE BINARY AND "
            "typeof(\"a\") = 'null' AND "
            "\"b\" IS ? COLLATE BINARY AND typeof(\"b\") = 'integer' LIMIT 1) [NULL, 1]");
}

TEST(Generator, AnUpdateSendsTheColumnsOfTheSetListAndFindsTheRowByItsOldKey) {
  EXPECT_EQ(text(generate_row_change(
                shape("(a TEXT PRIMARY KEY, b, c)"),
                update({Value("old"), Value(1), Value(2)}, {Value("new"), Value(1), Value(3)}, {true, true, false}))),
            "UPDATE \"t\" SET \"a\" = ?, \"b\" = ? WHERE \"a\" IS ? ['new', 1, 'old']");
}

TEST(Generator, AnUpdateThatNamesNothingWritableIsNoStatement) {
  EXPECT_EQ(text(generate_row_change(shape("(a INTEGER PRIMARY KEY, b AS (a + 1) STORED)"),
                                     update({Value(1), Value(2)}, {Value(1), Value(2)}, {false, true}))),
            "");
}

TEST(Generator, AnUpdateWhoseFlagsCountOtherColumnsSendsWhatDiffers) {
  EXPECT_EQ(text(generate_row_change(
                shape("(a INTEGER PRIMARY KEY, b, v AS (b), c)"),
                update({Value(1), Value(2), Value(3)}, {Value(1), Value(9), Value(3)}, {false, true, true, true}))),
            "UPDATE \"t\" SET \"b\" = ? WHERE \"a\" IS ? [9, 1]");
}

TEST(Generator, AnUpsertOfTheOfficialClientIsItsWholeRow) {
  EXPECT_EQ(
      text(generate_row_change(shape("(a INTEGER PRIMARY KEY, b)"),
                               change(ChangeType::kUpdate, Image{Value(5), Value(1)}, Image{Value(5), Value(1)}))),
      "INSERT INTO \"t\"(\"a\", \"b\") VALUES (?,?) ON CONFLICT(\"a\") DO UPDATE SET \"a\" = excluded.\"a\",\"b\" = "
      "excluded.\"b\" [5, 1]");
}

TEST(Generator, AKeyChangeIsOneUpdate) {
  EXPECT_EQ(text(generate_key_change(shape("(a INTEGER PRIMARY KEY, b, c)"),
                                     change(ChangeType::kDelete, Image{Value(1), Value(2), Value(3)}, {}),
                                     change(ChangeType::kInsert, {}, Image{Value(9), Value(2), Value(4)}))),
            "UPDATE \"t\" SET \"a\" = ?, \"c\" = ? WHERE \"a\" IS ? [9, 4, 1]");
}

TEST(Generator, AShorterImageIsOneFromBeforeAddColumn) {
  EXPECT_EQ(text(generate_row_change(shape("(a INTEGER PRIMARY KEY, b, later)"),
                                     change(ChangeType::kInsert, {}, Image{Value(5), Value(1)}))),
            "INSERT INTO \"t\"(\"a\", \"b\") VALUES (?,?) ON CONFLICT(\"a\") DO UPDATE SET \"a\" = "
            "excluded.\"a\",\"b\" = excluded.\"b\" [5, 1]");
}

TEST(Generator, ALongerImageOrAMissingKeyIsATypedError) {
  const auto longer =
      generate_row_change(shape("(a INTEGER PRIMARY KEY)"), change(ChangeType::kInsert, {}, Image{Value(5), Value(1)}));
  ASSERT_FALSE(longer.has_value());
  EXPECT_EQ(longer.error().kind, ErrorKind::kSchema);
  EXPECT_EQ(longer.error().message, "change 41 of table t: its image has 2 values, the table 1 columns");
  EXPECT_FALSE(
      generate_row_change(shape("(a, b PRIMARY KEY)"), change(ChangeType::kInsert, {}, Image{Value(5)})).has_value());
}

TEST(Generator, WhatJsonCannotCarryTravelsInTheText) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(
      text(generate_row_change(shape("(a, b, c, d)"), change(ChangeType::kInsert, {},
                                                             Image{Value(infinity), Value(-infinity), Value("\xff"),
                                                                   Value(std::string("a\0b", 3))}))),
      "INSERT INTO \"t\"(\"a\", \"b\", \"c\", \"d\") VALUES (9e999,-9e999,CAST(? AS TEXT),CAST(? AS TEXT)) [X'ff', "
      "X'610062']");
}

TEST(Generator, ALikelyRowidIsCheckedByTheOldValues) {
  EXPECT_EQ(text(generate_row_change(shape("(a)"), change(ChangeType::kDelete, Image{Value(1.5)}, {}), 7)),
            "DELETE FROM \"t\" WHERE rowid = ? AND \"a\" IS ? COLLATE BINARY AND typeof(\"a\") = 'real' [7, 1.5]");
}

TEST(Generator, TheRowidNameIsOneThatNoColumnHides) {
  EXPECT_EQ(shape("(rowid, a)").rowid_name, "_rowid_");
  EXPECT_EQ(shape("(ROWID, _Rowid_, a)").rowid_name, "oid");
  const TableShape hidden = shape("(rowid, _rowid_, oid)");
  EXPECT_EQ(hidden.rowid_name, "");
  EXPECT_EQ(
      generate_row_change(hidden, change(ChangeType::kDelete, Image{Value(1), Value(2), Value(3)}, {})).error().kind,
      ErrorKind::kSchema);
}

TEST(Generator, TablesWithTriggersAreUpdatedOrInserted) {
  TableShape triggered = shape("(a INTEGER PRIMARY KEY, b)");
  triggered.has_triggers = true;
  EXPECT_EQ(
      text(generate_row_change(triggered, change(ChangeType::kInsert, {}, Image{Value(5), Value("x")}))),
      "UPDATE \"t\" SET \"b\" = ? WHERE \"a\" IS ? ['x', 5]\n"
      "INSERT INTO \"t\"(\"a\", \"b\") SELECT ?,? WHERE NOT EXISTS (SELECT 1 FROM \"t\" WHERE \"a\" IS ?) [5, 'x', 5]");
}

TEST(Generator, KeysArePrintedForPeople) {
  const TableShape composite = shape("(a, b, c, PRIMARY KEY(c, a))");
  EXPECT_EQ(printable_key(composite, change(ChangeType::kInsert, {}, Image{Value("it's"), Value(2), Value(3)})),
            "(3, 'it''s')");
  EXPECT_EQ(printable_key(shape("(a INTEGER PRIMARY KEY)"), change(ChangeType::kInsert, {}, Image{Value(3)})), "3");
  EXPECT_EQ(printable_key(shape("(a)"), change(ChangeType::kInsert, {}, Image{Value("x")}, 17)), "17");
}

// ---- schema changes ----------------------------------------------------------------------------------------------

Change schema_change(ChangeType type, const std::string& object, const std::string& name, const std::string& table,
                     const Value& sql) {
  Image row{Value(object), Value(name), Value(table), Value(2), sql};
  Change made = change(type, {}, {});
  made.table = "sqlite_schema";
  if (type == ChangeType::kInsert) made.after = row;
  if (type != ChangeType::kInsert) made.before = row;
  return made;
}

Change alter(const std::string& object, const std::string& name, const std::string& sql) {
  Change made = schema_change(ChangeType::kUpdate, object, name, name, Value("old"));
  made.after = made.before;
  made.updates = log::Updates{{false, false, false, false, true}, {Value(), Value(), Value(), Value(), Value(sql)}};
  return made;
}

TEST(SchemaGenerator, CreateAndDropAreIdempotent) {
  const SchemaStatement created =
      generate_schema_change(schema_change(ChangeType::kInsert, "view", "v", "v", "CREATE VIEW v AS SELECT 1")).value();
  EXPECT_EQ(created.kind, SchemaStatement::Kind::kCreate);
  EXPECT_EQ(created.sql, "CREATE VIEW IF NOT EXISTS v AS SELECT 1");
  const SchemaStatement dropped =
      generate_schema_change(schema_change(ChangeType::kDelete, "index", "i\"x", "t", Value())).value();
  EXPECT_EQ(dropped.sql, "DROP index IF EXISTS \"i\"\"x\"");
}

TEST(SchemaGenerator, AnAlterRunsOnceForTheTableThatItNames) {
  const std::string sql = "ALTER TABLE Parent RENAME TO p2";
  EXPECT_EQ(generate_schema_change(alter("table", "parent", sql)).value().sql, sql);
  EXPECT_EQ(generate_schema_change(alter("table", "child", sql)).value().kind, SchemaStatement::Kind::kNone)
      << "its REFERENCES follow";
  EXPECT_EQ(generate_schema_change(alter("index", "i", sql)).value().kind, SchemaStatement::Kind::kNone);
  EXPECT_EQ(generate_schema_change(alter("trigger", "parent", sql)).value().kind, SchemaStatement::Kind::kNone);
  EXPECT_EQ(generate_schema_change(alter("table", "t", "ALTER TABLE t ADD c")).value().added_column, "c");
}

TEST(SchemaGenerator, InternalObjectsAreLeftOut) {
  for (const char* name :
       {"turso_cdc", "TURSO_SYNC_META", "turso_sync_last_change_id", "sqlite_stat1", "__turso_internal_x"}) {
    EXPECT_EQ(generate_schema_change(schema_change(ChangeType::kInsert, "table", name, name, "CREATE TABLE x(a)"))
                  .value()
                  .kind,
              SchemaStatement::Kind::kNone)
        << name;
    EXPECT_EQ(
        generate_schema_change(schema_change(ChangeType::kInsert, "index", "mine", name, "CREATE INDEX x ON y(a)"))
            .value()
            .kind,
        SchemaStatement::Kind::kNone)
        << name;
  }
  EXPECT_EQ(generate_schema_change(schema_change(ChangeType::kInsert, "index", "i", "t", Value())).value().kind,
            SchemaStatement::Kind::kNone);
}

TEST(SchemaGenerator, DamageIsATypedError) {
  EXPECT_EQ(generate_schema_change(schema_change(ChangeType::kDelete, "table; DROP TABLE users", "a", "a", Value()))
                .error()
                .kind,
            ErrorKind::kSchema);
  Change narrow = schema_change(ChangeType::kInsert, "table", "a", "a", Value("CREATE TABLE a(x)"));
  narrow.after->pop_back();
  EXPECT_EQ(generate_schema_change(narrow).error().kind, ErrorKind::kSchema);
}

}  // namespace
}  // namespace turso::sync
