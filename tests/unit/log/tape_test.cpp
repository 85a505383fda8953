#include "log/tape.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "cdc/record.hpp"

namespace turso::log {
namespace {

constexpr std::string_view kV2 =
    "CREATE TABLE turso_cdc(change_id INTEGER PRIMARY KEY AUTOINCREMENT, change_time INTEGER, change_txn_id INTEGER, "
    "change_type INTEGER, table_name TEXT, id, before BLOB, after BLOB, updates BLOB)";
constexpr std::string_view kV2Last =
    "CREATE TABLE turso_cdc(change_id INTEGER PRIMARY KEY AUTOINCREMENT, change_time INTEGER, change_type INTEGER, "
    "table_name TEXT, id, before BLOB, after BLOB, updates BLOB, change_txn_id INTEGER, note TEXT)";
constexpr std::string_view kV1 =
    "CREATE TABLE turso_cdc(change_id INTEGER PRIMARY KEY AUTOINCREMENT, change_time INTEGER, change_type INTEGER, "
    "table_name TEXT, id, before BLOB, after BLOB, updates BLOB)";

class TapeTest : public testing::Test {
 protected:
  void make_log(std::string_view table) {
    db_ = sqlite::Connection::open(":memory:", {}).value();
    ASSERT_TRUE(db_.exec(table).has_value());
  }

  void insert(std::int64_t id, std::int64_t txn, std::int64_t rowid, const Bytes& after) {
    ASSERT_TRUE(
        db_.run("INSERT INTO turso_cdc(change_id, change_time, change_txn_id, change_type, table_name, id, after) "
                "VALUES(?1, 1000, ?2, 1, 't', ?3, ?4)",
                id, txn, rowid, after)
            .has_value());
  }
  void insert(std::int64_t id, std::int64_t txn) {
    insert(id, txn, id, cdc::encode_record(std::vector<Value>{Value(id), Value("x")}));
  }
  void commit(std::int64_t id, std::int64_t txn) {
    ASSERT_TRUE(
        db_.run("INSERT INTO turso_cdc(change_id, change_time, change_txn_id, change_type) VALUES(?1, 1000, ?2, 2)", id,
                txn)
            .has_value());
  }

  // "1 2 |1-3(2)": changes 1 and 2, then the end of a transaction from 1 to 3 with two changes.
  Result<std::string> shape(TapeRange range = {}) {
    TURSO_TRY(Tape tape, Tape::open(db_, range));
    std::string text;
    for (;;) {
      TURSO_TRY(auto item, tape.next());
      if (!item.has_value()) return text;
      if (const auto* change = std::get_if<Change>(&*item)) {
        text += std::to_string(change->change_id) + " ";
      } else {
        const auto& end = std::get<TransactionEnd>(*item);
        text += "|" + std::to_string(end.first_change_id) + "-" + std::to_string(end.last_change_id) + "(" +
                std::to_string(end.change_count) + ") ";
      }
    }
  }

  Result<Change> first() {
    TURSO_TRY(Tape tape, Tape::open(db_, {}));
    TURSO_TRY(auto item, tape.next());
    return std::get<Change>(std::move(item).value());
  }

  sqlite::Connection db_;
};

TEST_F(TapeTest, AnAbsentLogIsEmpty) {
  db_ = sqlite::Connection::open(":memory:", {}).value();
  EXPECT_EQ(shape().value(), "");
}

TEST_F(TapeTest, ATransactionEndsAtItsCommitRecord) {
  make_log(kV2);
  insert(1, 1), insert(2, 1), commit(3, 1), insert(4, 4), commit(5, 4);
  EXPECT_EQ(shape().value(), "1 2 |1-3(2) 4 |4-5(1) ");
}

TEST_F(TapeTest, ATransactionWithoutCommitRecordEndsWhereTheIdChangesOrTheLogEnds) {
  make_log(kV2);
  insert(1, 1), insert(2, 1), insert(3, 3), commit(4, 3), insert(5, 5);
  EXPECT_EQ(shape().value(), "1 2 |1-2(2) 3 |3-4(1) 5 |5-5(1) ");
}

TEST_F(TapeTest, EveryLoneCommitRecordIsATransactionOfItsOwn) {
  make_log(kV2);
  insert(1, 1), commit(2, -1), commit(3, -1), insert(4, 4), commit(5, 4);
  EXPECT_EQ(shape().value(), "1 |1-1(1) |2-2(0) |3-3(0) 4 |4-5(1) ");
}

TEST_F(TapeTest, TheTransactionIdMayStandLastAndFurtherColumnsAreIgnored) {
  make_log(kV2Last);
  insert(1, 1), commit(2, 1), insert(3, 3), commit(4, 3);
  EXPECT_EQ(shape().value(), "1 |1-2(1) 3 |3-4(1) ");
}

TEST_F(TapeTest, AV1LogIsOneTransaction) {
  make_log(kV1);
  for (int id : {1, 2, 3}) {
    ASSERT_TRUE(
        db_.run("INSERT INTO turso_cdc(change_time, change_type, table_name, id, after) VALUES(1, 1, 't', ?1, ?2)", id,
                cdc::encode_record(std::vector<Value>{Value(id)}))
            .has_value());
  }
  EXPECT_EQ(shape().value(), "1 2 3 |1-3(3) ");
}

TEST_F(TapeTest, ReadsARange) {
  make_log(kV2);
  insert(1, 1), commit(2, 1), insert(3, 3), commit(4, 3), insert(5, 5), commit(6, 5);
  EXPECT_EQ(shape({.after = 2, .upto = 4}).value(), "3 |3-4(1) ");
  EXPECT_EQ(shape({.after = 6}).value(), "");
}

TEST_F(TapeTest, ALongTransactionIsReadInPieces) {
  make_log(kV2);
  const Bytes wide = cdc::encode_record(std::vector<Value>{Value(std::string(limits::kTapeChunkBytes / 3, 'x'))});
  std::string expected;
  for (int id = 1; id <= 10; ++id) {
    insert(id, 1, id, wide);
    expected += std::to_string(id) + " ";
  }
  commit(11, 1);
  EXPECT_EQ(shape().value(), expected + "|1-11(10) ");
}

TEST_F(TapeTest, AReaderMayWriteBetweenTwoPieces) {
  make_log(kV2);
  const Bytes wide = cdc::encode_record(std::vector<Value>{Value(std::string(limits::kTapeChunkBytes, 'x'))});
  for (int id : {1, 2}) insert(id, 1, id, wide);
  Tape tape = Tape::open(db_, {}).value();
  ASSERT_TRUE(tape.next().value().has_value());
  ASSERT_TRUE(db_.exec("BEGIN IMMEDIATE; CREATE TABLE other(a); COMMIT").has_value());
  EXPECT_TRUE(std::holds_alternative<Change>(*tape.next().value()));
}

TEST_F(TapeTest, DecodesImagesAndUpdates) {
  make_log(kV2);
  const std::vector<Value> before{Value(7), Value("old"), Value()};
  const std::vector<Value> after{Value(7), Value("new"), Value(1.5)};
  const std::vector<Value> updates{Value(0), Value(1), Value(1), Value(), Value("new"), Value(1.5)};
  ASSERT_TRUE(db_.run("INSERT INTO turso_cdc VALUES(9, 1234, 9, 0, 'u', 7, ?1, ?2, ?3)", cdc::encode_record(before),
                      cdc::encode_record(after), cdc::encode_record(updates))
                  .has_value());
  const Change change = first().value();
  EXPECT_EQ(change.change_id, 9);
  EXPECT_EQ(change.change_time, 1234);
  EXPECT_EQ(change.type, ChangeType::kUpdate);
  EXPECT_EQ(change.table, "u");
  EXPECT_EQ(change.id, Value(7));
  EXPECT_EQ(change.before, before);
  EXPECT_EQ(change.after, after);
  EXPECT_EQ(change.updates->flags, (std::vector<bool>{false, true, true}));
  EXPECT_EQ(change.updates->values, (Image{Value(), Value("new"), Value(1.5)}));
}

TEST_F(TapeTest, ANullTypeIsACommitRecordIfNothingElseIsThere) {
  make_log(kV2);
  ASSERT_TRUE(db_.exec("INSERT INTO turso_cdc VALUES(1, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL)").has_value());
  EXPECT_EQ(shape().value(), "|1-1(0) ");
  ASSERT_TRUE(db_.exec("INSERT INTO turso_cdc VALUES(2, 1, 1, NULL, 't', 1, NULL, NULL, NULL)").has_value());
  EXPECT_EQ(shape().error().kind, ErrorKind::kCorrupt);
}

struct Damage {
  std::string name;
  std::string values;  // of change 41, after change_time and change_txn_id
};

class DamagedTape : public TapeTest, public testing::WithParamInterface<Damage> {};

TEST_P(DamagedTape, IsATypedErrorThatNamesTheChange) {
  make_log(kV2);
  insert(40, 40);
  ASSERT_TRUE(db_.exec("INSERT INTO turso_cdc VALUES(41, 1, 40, " + GetParam().values + ")").has_value());
  const Error error = shape().error();
  EXPECT_EQ(error.kind, ErrorKind::kCorrupt);
  EXPECT_NE(error.message.find("change 41"), std::string::npos) << error.message;
  ASSERT_NE(error.subject, nullptr);
  EXPECT_EQ(error.subject->change_id, 41);
}

INSTANTIATE_TEST_SUITE_P(Kinds, DamagedTape,
                         testing::Values(Damage{"UnknownType", "3, 't', 1, NULL, x'0209', NULL"},
                                         Damage{"TextType", "'x', 't', 1, NULL, x'0209', NULL"},
                                         Damage{"InsertWithoutAfter", "1, 't', 1, x'0209', NULL, NULL"},
                                         Damage{"UpdateWithoutBefore", "0, 't', 1, NULL, x'0209', NULL"},
                                         Damage{"UpdateWithoutAfter", "0, 't', 1, x'0209', NULL, NULL"},
                                         Damage{"DeleteWithoutBefore", "-1, 't', 1, NULL, NULL, NULL"},
                                         Damage{"NoTable", "1, NULL, 1, NULL, x'0209', NULL"},
                                         Damage{"RecordCut", "1, 't', 1, NULL, x'0306', NULL"},
                                         Damage{"RecordIsText", "1, 't', 1, NULL, 'abc', NULL"},
                                         Damage{"OddUpdates", "0, 't', 1, x'0209', x'0209', x'0209'"},
                                         Damage{"FlagIsTwo", "0, 't', 1, x'0209', x'0209', x'0301090209'"}),
                         [](const auto& damage) { return damage.param.name; });

TEST_F(TapeTest, ATableThatIsNoLogIsRefused) {
  make_log("CREATE TABLE turso_cdc(a, b)");
  EXPECT_EQ(shape().error().kind, ErrorKind::kSchema);
}

}  // namespace
}  // namespace turso::log
