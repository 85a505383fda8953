// Statements: texts into statements, steps, bindings and values.
#include <gmock/gmock.h>

#include <limits>

#include "database_fixture.hpp"

namespace turso::database {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PlainStatements : public DatabaseTest {
 protected:
  PlainStatements() : connection_(connect(open(dir_.path("a")))) {}
  std::unique_ptr<Connection> connection_;
};

TEST_F(PlainStatements, NothingToPrepareIsNoStatementAndTheWholeText) {
  for (std::string_view text : {"", "  ", ";;", "-- only words", "/* open"}) {
    auto first = connection_->prepare_first(text);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first.value().statement, nullptr) << text;
    EXPECT_EQ(first.value().tail_index, text.size()) << text;
  }
}

TEST_F(PlainStatements, TheTailIsWhereTheNextStatementBegins) {
  std::string_view text = " SELECT 'ä;' ;\n ; -- next\n /* and */ SELECT 2 ; \n";
  auto first = connection_->prepare_first(text);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(text.substr(first.value().tail_index), "SELECT 2 ; \n");
  auto second = connection_->prepare_first(text.substr(first.value().tail_index));
  EXPECT_EQ(second.value().tail_index, std::string_view("SELECT 2 ; \n").size());
}

TEST_F(PlainStatements, ASingleStatementIsOneAndOnlyOne) {
  EXPECT_EQ(connection_->prepare_single("  ; ").error().message, "The supplied SQL string contains no statements");
  EXPECT_THAT(connection_->prepare_single("SELECT 1; SELECT 2").error().message,
              HasSubstr("second statement at byte 10"));
  EXPECT_TRUE(connection_->prepare_single("SELECT 1; -- done").has_value());
}

TEST_F(PlainStatements, AParseErrorIsSqlitesText) {
  auto failed = connection_->prepare_single("SELEC 1");
  EXPECT_EQ(failed.error().kind, ErrorKind::kError);
  EXPECT_EQ(failed.error().message, "near \"SELEC\": syntax error");
  EXPECT_EQ(connection_->last_error()->message, failed.error().message);
}

TEST_F(PlainStatements, DoneStaysDoneUntilReset) {
  must(*connection_, "CREATE TABLE t(v)");
  auto insert = prepare(*connection_, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(insert->step().value(), StepResult::kDone);
  EXPECT_EQ(insert->step().value(), StepResult::kDone);
  EXPECT_THAT(rows(*connection_, "SELECT count(*) FROM t"), ElementsAre("1"));
  ASSERT_TRUE(insert->reset().has_value());
  EXPECT_EQ(insert->step().value(), StepResult::kDone);
  EXPECT_THAT(rows(*connection_, "SELECT count(*) FROM t"), ElementsAre("2"));
}

TEST_F(PlainStatements, ChangeCountIsOfTheLastRunOnly) {
  must(*connection_, "CREATE TABLE t(v); INSERT INTO t VALUES (1), (2), (3)");
  auto update = prepare(*connection_, "UPDATE t SET v = v + 1 WHERE v < ?");
  ASSERT_TRUE(update->bind(1, Value(3)).has_value());
  ASSERT_TRUE(update->step().has_value());
  EXPECT_EQ(update->change_count(), 2);
  auto select = prepare(*connection_, "SELECT 1");
  while (select->step().value() == StepResult::kRow) continue;
  EXPECT_EQ(select->change_count(), 0);
  auto ddl = prepare(*connection_, "CREATE TABLE u(v)");
  ASSERT_TRUE(ddl->step().has_value());
  EXPECT_EQ(ddl->change_count(), 0);
}

TEST_F(PlainStatements, ValuesAreGivenWithoutConversion) {
  auto select = prepare(*connection_, "SELECT 1, 1.5, '12', x'00ff', NULL");
  EXPECT_FALSE(select->has_row());
  EXPECT_EQ(select->value_type(0), ValueType::kNull);
  EXPECT_EQ(select->value_int(0), 0);
  ASSERT_EQ(select->step().value(), StepResult::kRow);
  EXPECT_TRUE(select->has_row());
  EXPECT_EQ(select->value_int(0), 1);
  EXPECT_EQ(select->value_real(0), 0.0);
  EXPECT_EQ(select->value_int(1), 0);
  EXPECT_EQ(select->value_real(1), 1.5);
  EXPECT_EQ(select->value_int(2), 0);
  EXPECT_EQ(as_text(select->value_bytes(2)), "12");
  EXPECT_EQ(to_hex(select->value_bytes(3)), "00ff");
  EXPECT_EQ(select->value_type(4), ValueType::kNull);
  EXPECT_EQ(select->value_type(5), ValueType::kNull) << "past the last column";
  EXPECT_EQ(select->value_type(-1), ValueType::kNull);
  EXPECT_EQ(select->step().value(), StepResult::kDone);
  EXPECT_FALSE(select->has_row());
}

TEST_F(PlainStatements, EmptyTextAndBlobPointSomewhere) {
  auto select = prepare(*connection_, "SELECT '', x'', zeroblob(0)");
  ASSERT_TRUE(select->step().has_value());
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(select->value_bytes(i).data(), nullptr);
    EXPECT_EQ(select->value_bytes(i).size(), 0U);
  }
  EXPECT_EQ(select->value_type(0), ValueType::kText);
  EXPECT_EQ(select->value_type(1), ValueType::kBlob);
}

TEST_F(PlainStatements, BoundValuesComeBackAsTheyWere) {
  auto select = prepare(*connection_, "SELECT ?1, typeof(?1)");
  const Value values[] = {Value(),
                          Value(INT64_MIN),
                          Value(INT64_MAX),
                          Value(-0.0),
                          Value(std::numeric_limits<double>::infinity()),
                          Value(""),
                          Value("ä\xF0\x9F\x99\x82"),
                          Value(std::string("a\0b", 3)),
                          Value(Bytes{}),
                          Value(Bytes{0, 255})};
  for (const Value& value : values) {
    ASSERT_TRUE(select->bind(1, value).has_value()) << value.to_sql();
    ASSERT_EQ(select->step().value(), StepResult::kRow);
    EXPECT_EQ(value_of(*select, 0), value);
    ASSERT_TRUE(select->reset().has_value());
  }
}

TEST_F(PlainStatements, ABindOutOfRangeOrOfBrokenTextIsMisuse) {
  auto select = prepare(*connection_, "SELECT ?, ?");
  for (int position : {0, -1, 3}) EXPECT_EQ(select->bind(position, Value(1)).error().kind, ErrorKind::kMisuse);
  EXPECT_EQ(select->bind(1, Value("a\xff")).error().kind, ErrorKind::kMisuse);
  ASSERT_TRUE(select->step().has_value());
  EXPECT_EQ(select->bind(1, Value(1)).error().kind, ErrorKind::kMisuse) << "between two rows";
}

TEST_F(PlainStatements, ParametersAreNamedWithTheirPrefix) {
  auto select = prepare(*connection_, "SELECT :a, @b, $c, ?7, ?");
  EXPECT_EQ(select->parameter_count(), 8);
  EXPECT_EQ(select->parameter_position(":a"), 1);
  EXPECT_EQ(select->parameter_position("a"), 0);
  EXPECT_EQ(select->parameter_position("?7"), 7);
  EXPECT_EQ(select->parameter_name(2), "@b");
  EXPECT_EQ(select->parameter_name(7), "?7");
  EXPECT_EQ(select->parameter_name(8), std::nullopt);
  EXPECT_EQ(select->parameter_name(9), std::nullopt);
}

TEST_F(PlainStatements, ColumnsHaveNamesAndDeclaredTypes) {
  must(*connection_, "CREATE TABLE t(a VARCHAR(10), b, \"c d\" INTEGER)");
  auto select = prepare(*connection_, "SELECT a, b, \"c d\", a || b AS e FROM t");
  EXPECT_EQ(select->column_count(), 4);
  EXPECT_EQ(select->column_name(2), "c d");
  EXPECT_EQ(select->column_name(3), "e");
  EXPECT_EQ(select->column_decltype(0), "VARCHAR(10)");
  EXPECT_EQ(select->column_decltype(1), std::nullopt);
  EXPECT_EQ(select->column_decltype(2), "INTEGER");
  EXPECT_EQ(select->column_decltype(3), std::nullopt);
}

TEST_F(PlainStatements, AFailedStatementMayRunAgain) {
  must(*connection_, "CREATE TABLE u(y UNIQUE); INSERT INTO u VALUES (1)");
  auto insert = prepare(*connection_, "INSERT INTO u VALUES (1)");
  auto failed = insert->step();
  EXPECT_EQ(failed.error().kind, ErrorKind::kConstraint);
  EXPECT_EQ(failed.error().message, "UNIQUE constraint failed: u.y");
  EXPECT_EQ(connection_->last_error()->kind, ErrorKind::kConstraint);
  must(*connection_, "DELETE FROM u");
  EXPECT_EQ(insert->step().value(), StepResult::kDone);
}

TEST_F(PlainStatements, AFinishedStatementHoldsNoLock) {
  must(*connection_, "CREATE TABLE t(v); INSERT INTO t VALUES (1)");
  auto select = prepare(*connection_, "SELECT v FROM t");
  while (select->step().value() == StepResult::kRow) continue;
  must(*connection_, "DROP TABLE t");
}

TEST_F(PlainStatements, AFinalizedStatementAnswersMisuse) {
  auto select = prepare(*connection_, "SELECT 1");
  ASSERT_TRUE(select->finalize().has_value());
  EXPECT_EQ(select->step().error().kind, ErrorKind::kMisuse);
  EXPECT_EQ(select->finalize().error().kind, ErrorKind::kMisuse);
  EXPECT_EQ(select->column_count(), 0);
  EXPECT_EQ(select->parameter_count(), 0);
}

}  // namespace
}  // namespace turso::database
