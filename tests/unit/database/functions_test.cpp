// The SQL functions of every connection.
#include "capture_fixture.hpp"

namespace turso::database {
namespace {

class FunctionsTest : public CaptureTest {
 protected:
  std::string one(const std::string& expression) { return rows(*c1_, "SELECT " + expression).at(0); }
  static std::string record(std::vector<Value> values) { return "X'" + to_hex(cdc::encode_record(values)) + "'"; }
  std::string object(const std::string& names, std::vector<Value> values) {
    return one("bin_record_json_object('" + names + "', " + record(std::move(values)) + ")");
  }
};

TEST_F(FunctionsTest, A15_TableColumnsFollowTheSchema) {
  run("CREATE TABLE t(a INTEGER PRIMARY KEY, b, c UNIQUE)");
  EXPECT_EQ(one("table_columns_json_array('t')"), "'[\"a\",\"b\",\"c\"]'");
  run("ALTER TABLE t DROP COLUMN b");
  EXPECT_EQ(one("TABLE_columns_json_array('t')"), "'[\"a\",\"c\"]'");
  auto c2 = connect(database_);
  must(*c2, "ALTER TABLE t ADD COLUMN d");
  EXPECT_EQ(one("table_columns_json_array('t')"), "'[\"a\",\"c\",\"d\"]'");
}

TEST_F(FunctionsTest, TableColumnsAreJson) {
  run("CREATE TABLE t(a, \"B c\", \"q\"\"uote\", \"\xC3\xA9\", g AS (a))");
  EXPECT_EQ(one("table_columns_json_array('t')"), "'[\"a\",\"B c\",\"q\\\"uote\",\"\xC3\xA9\",\"g\"]'");
  EXPECT_EQ(one("json_object('k', table_columns_json_array('sqlite_schema'))"),
            "'{\"k\":[\"type\",\"name\",\"tbl_name\",\"rootpage\",\"sql\"]}'");
  EXPECT_EQ(one("json_array_length(table_columns_json_array('sqlite_master'))"), "5");
}

TEST_F(FunctionsTest, B53_TableColumnsOfWhatIsNoTableOfMain) {
  run("CREATE TABLE t(a); CREATE VIEW v AS SELECT 1; CREATE TEMP TABLE tmp(a)");
  EXPECT_EQ(one("table_columns_json_array('T')"), "'[\"a\"]'");
  for (const char* name : {"nope", "v", "tmp", "main.t", "\"t\""})
    EXPECT_EQ(error(std::string("SELECT table_columns_json_array('") + name + "')"),
              std::string("table_columns_json_array: table ") + name + " doesn't exists");
  for (const char* argument : {"NULL", "5"})
    EXPECT_EQ(error(std::string("SELECT table_columns_json_array(") + argument + ")"),
              "table_columns_json_array: function argument must be of type TEXT");
  EXPECT_NE(error("SELECT table_columns_json_array()"), "");
}

TEST_F(FunctionsTest, A16_ARecordBecomesAnObject) {
  EXPECT_EQ(object("[\"a\",\"b\",\"c\",\"d\"]", {Value(), 1, 1.61803, "hello"}),
            "'{\"a\":null,\"b\":1,\"c\":1.61803,\"d\":\"hello\"}'");
  EXPECT_EQ(one("json_array(bin_record_json_object('[\"a\"]', " + record({1}) + "))"), "'[{\"a\":1}]'");
}

TEST_F(FunctionsTest, NumbersAndTextsOfARecord) {
  auto real = [&](double value) { return object("[\"r\"]", {value}); };
  EXPECT_EQ(real(2.0), "'{\"r\":2.0}'");
  EXPECT_EQ(real(1.6), "'{\"r\":1.6}'");
  EXPECT_EQ(real(1e-9), "'{\"r\":1.0e-9}'");
  EXPECT_EQ(real(1e15), "'{\"r\":1000000000000000.0}'");
  EXPECT_EQ(real(1e16), "'{\"r\":1.0e+16}'");
  EXPECT_EQ(real(1e100), "'{\"r\":1.0e+100}'");
  EXPECT_EQ(real(-0.0), "'{\"r\":-0.0}'");
  EXPECT_EQ(real(std::numeric_limits<double>::infinity()), "'{\"r\":9.0e+999}'");
  EXPECT_EQ(real(-std::numeric_limits<double>::infinity()), "'{\"r\":-9.0e+999}'");
  EXPECT_EQ(object("[\"i\"]", {std::numeric_limits<std::int64_t>::min()}), "'{\"i\":-9223372036854775808}'");
  EXPECT_EQ(object("[\"t\"]", {"a\"b\\\n\x01{}"}), "'{\"t\":\"a\\\"b\\\\\\n\\u0001{}\"}'");
}

TEST_F(FunctionsTest, NamesAreCopiedAsSpelled) {
  EXPECT_EQ(object("[\"a\",\"a\"]", {1, 2}), "'{\"a\":1,\"a\":2}'");
  EXPECT_EQ(object(" [ \"\\u0041\\n\" ] ", {1, 2}), "'{\"\\u0041\\n\":1}'") << "a field too many is ignored";
  for (const char* names : {"[]", "{\"a\":1}", "\"a\""}) EXPECT_EQ(object(names, {1}), "'{}'") << names;
}

TEST_F(FunctionsTest, BadArgumentsOfARecord) {
  auto failure = [&](const std::string& arguments) {
    return error("SELECT bin_record_json_object(" + arguments + ")");
  };
  EXPECT_EQ(one("bin_record_json_object('[]', NULL)"), "NULL");
  const std::string types = "bin_record_json_object: function arguments must be of type TEXT and BLOB correspondingly";
  EXPECT_EQ(failure("NULL, NULL"), types);
  EXPECT_EQ(failure("'[\"a\"]', 'text'"), types);
  EXPECT_EQ(failure("'[\"a\",\"b\"]', " + record({1})),
            "bin_record_json_object: binary record has fewer columns than specified in the columns argument");
  EXPECT_EQ(failure("'[\"a\"]', " + record({Bytes{1}})),
            "bin_record_json_object: formatting of BLOB values stored in binary record is not supported");
  EXPECT_EQ(failure("'[1]', " + record({1})), "malformed JSON");
  EXPECT_EQ(failure("'[\"a\"', " + record({1})), "malformed JSON");
  EXPECT_EQ(failure("'nonsense', " + record({1})), "malformed JSON");
  EXPECT_EQ(failure("'[\"a\"]', X''"), "Invalid varint");
  EXPECT_EQ(failure("'[\"a\"]', X'0202'").substr(0, 17), "Payload too small");
}

TEST_F(FunctionsTest, GenerateSeries) {
  EXPECT_EQ(rows(*c1_, "SELECT value FROM generate_series(1, 3)"), (Rows{"1", "2", "3"}));
  EXPECT_EQ(rows(*c1_, "SELECT value FROM generate_series(3, 1)"), Rows{});
  EXPECT_EQ(rows(*c1_, "SELECT value FROM generate_series(5, 1, -2)"), (Rows{"5", "3", "1"}));
  EXPECT_EQ(rows(*c1_, "SELECT value FROM generate_series(1, 2, 0)"), (Rows{"1", "2"}));
  EXPECT_EQ(rows(*c1_, "SELECT value FROM generate_series(9223372036854775806, 9223372036854775807)").size(), 2u);
  EXPECT_EQ(rows(*c1_, "SELECT value FROM generate_series(1, NULL)"), Rows{});
  EXPECT_EQ(rows(*c1_, "SELECT value FROM generate_series(1) LIMIT 2"), (Rows{"1", "2"}));
  EXPECT_EQ(error("SELECT * FROM generate_series"), "first argument to \"generate_series()\" missing or unusable");
}

TEST_F(FunctionsTest, Uuids) {
  EXPECT_EQ(one("length(uuid4()), typeof(uuid7()), length(uuid4_str()), substr(uuid7_str(), 15, 1)"),
            "16|'blob'|36|'7'");
  EXPECT_EQ(one("uuid_str(uuid_blob('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'))"),
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'");
  EXPECT_EQ(one("uuid_blob('short'), uuid7_timestamp_ms(uuid4())"), "NULL|NULL");
  EXPECT_EQ(one("uuid7_timestamp_ms(uuid7(1700000000123))"), "1700000000123");
  EXPECT_EQ(one("uuid4_str() = gen_random_uuid()"), "0");
}

TEST_F(FunctionsTest, TheTablesOfTheFlushAnswerNobodyElse) {
  for (const char* name : {"sqlite_turso_cdc_rows", "sqlite_turso_cdc_mark_ranges"})
    EXPECT_NE(error(std::string("SELECT * FROM ") + name).find("internal"), std::string::npos);
}

TEST_F(FunctionsTest, WrongCallsAreToldInTheWordsOfTheReference) {
  EXPECT_EQ(error("SELECT table_columns_json_array()"),
            "table_columns_json_array() function must have exactly 1 argument");
  EXPECT_EQ(error("SELECT bin_record_json_object('[]')"),
            "bin_record_json_object() function must have exactly 2 arguments");
  EXPECT_EQ(error("SELECT bin_record_json_object('[\"a\"]', x'020b')").rfind("Invalid serial type", 0), 0u);
}

}  // namespace
}  // namespace turso::database
