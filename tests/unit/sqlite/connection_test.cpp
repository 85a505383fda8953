#include "sqlite/connection.hpp"

#include <gtest/gtest.h>

#include "sqlite/sqlite_sql.hpp"
#include "support/temp_dir.hpp"

namespace turso::sqlite {
namespace {

class ConnectionTest : public ::testing::Test {
 protected:
  Connection open(const std::string& name, Connection::Options options = {}) {
    auto opened = Connection::open(dir_.path(name), options);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return std::move(opened).value();
  }
  test::TempDir dir_;
};

TEST_F(ConnectionTest, ValuesOfEveryTypeComeBackAsTheyWere) {
  Connection db = open("a");
  ASSERT_TRUE(db.exec("CREATE TABLE t(v)").has_value());
  const Value values[] = {Value(),   Value(INT64_MIN), Value(INT64_MAX), Value(-0.0),
                          Value(""), Value("it's"),    Value(Bytes{}),   Value(Bytes{0, 1})};
  for (const Value& value : values) {
    ASSERT_TRUE(db.run("DELETE FROM t").has_value());
    ASSERT_TRUE(db.run("INSERT INTO t VALUES (?)", value).has_value());
    EXPECT_EQ(db.query_value("SELECT v FROM t").value(), value) << value.to_sql();
  }
}

TEST_F(ConnectionTest, ErrorsCarryKindTextAndExtendedCode) {
  Connection db = open("a");
  ASSERT_TRUE(db.exec("CREATE TABLE u(y UNIQUE); INSERT INTO u VALUES (1)").has_value());
  auto status = db.run("INSERT INTO u VALUES (1)");
  EXPECT_EQ(status.error().kind, ErrorKind::kConstraint);
  EXPECT_EQ(status.error().message, "UNIQUE constraint failed: u.y");
  EXPECT_EQ(status.error().sqlite_code, SQLITE_CONSTRAINT_UNIQUE);
  EXPECT_EQ(db.prepare("SELECT * FROM nowhere").error().message, "no such table: nowhere");
}

TEST_F(ConnectionTest, AFileThatIsNotADatabaseIsToldApart) {
  {
    Connection fresh = open("a");
    ASSERT_TRUE(fresh.exec("CREATE TABLE t(v)").has_value());
  }
  std::FILE* file = std::fopen(dir_.path("text").c_str(), "w");
  for (int i = 0; i < 200; ++i) std::fputs("not a database at all\n", file);
  std::fclose(file);
  Connection db = open("text");
  EXPECT_EQ(db.query_value("SELECT count(*) FROM sqlite_schema").error().kind, ErrorKind::kNotADatabase);
}

TEST_F(ConnectionTest, AMissingFileOpenedWithoutCreateIsAnIoErrorThatNamesIt) {
  Connection::Options options;
  options.create = false;
  auto opened = Connection::open(dir_.path("none"), options);
  EXPECT_EQ(opened.error().kind, ErrorKind::kIo);
  EXPECT_NE(opened.error().message.find("none"), std::string::npos);
}

TEST_F(ConnectionTest, AWriterInTheWayIsBusy) {
  Connection first = open("a");
  ASSERT_TRUE(first.exec("CREATE TABLE t(v); BEGIN IMMEDIATE").has_value());
  Connection second = open("a");
  EXPECT_EQ(second.run("INSERT INTO t VALUES (1)").error().kind, ErrorKind::kBusy);
}

TEST_F(ConnectionTest, ATransactionRollsBackUnlessCommitted) {
  Connection db = open("a");
  ASSERT_TRUE(db.exec("CREATE TABLE t(v)").has_value());
  {
    auto transaction = Transaction::begin(db, Transaction::Kind::kImmediate);
    ASSERT_TRUE(transaction.has_value());
    ASSERT_TRUE(db.run("INSERT INTO t VALUES (1)").has_value());
  }
  EXPECT_EQ(db.query_int("SELECT count(*) FROM t").value(), 0);
  {
    auto transaction = Transaction::begin(db, Transaction::Kind::kDeferred);
    ASSERT_TRUE(transaction.has_value());
    ASSERT_TRUE(db.run("INSERT INTO t VALUES (1)").has_value());
    ASSERT_TRUE(transaction.value().commit().has_value());
  }
  EXPECT_EQ(db.query_int("SELECT count(*) FROM t").value(), 1);
}

TEST_F(ConnectionTest, NamesAreQuoted) {
  Connection db = open("a");
  std::string odd = "a\"b; DROP TABLE x";
  ASSERT_TRUE(db.exec("CREATE TABLE " + identifier(odd) + "(v)").has_value());
  EXPECT_TRUE(has_object(db, "table", odd).value());
  EXPECT_FALSE(has_object(db, "view", odd).value());
}

TEST_F(ConnectionTest, TheMachineTellsWhatItDidOnAnError) {
  Connection db = open("a");
  ASSERT_TRUE(
      db.exec("CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE); INSERT INTO t VALUES (9, 9); BEGIN").has_value());
  Statement abort = db.prepare("INSERT INTO t VALUES (1, 1), (2, 9)").value();
  EXPECT_EQ(sqlite3_step(abort.handle()) & 0xff, SQLITE_CONSTRAINT);  // not step(): it resets, and reset forgets
  EXPECT_EQ(turso_sqlite_error_action(abort.handle()), 2);
  EXPECT_EQ(turso_sqlite_uses_statement_journal(abort.handle()), 1);
  Statement fail = db.prepare("INSERT OR FAIL INTO t VALUES (1, 1), (2, 9)").value();
  EXPECT_EQ(sqlite3_step(fail.handle()) & 0xff, SQLITE_CONSTRAINT);
  EXPECT_EQ(turso_sqlite_error_action(fail.handle()), 3);
}

TEST_F(ConnectionTest, EverySqlConstantPrepares) {
  Connection db = open("a");
  for (std::string_view text : {sql::kBegin, sql::kBeginImmediate, sql::kCommit, sql::kRollback, sql::kCountObjects}) {
    EXPECT_TRUE(db.prepare(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace turso::sqlite
