// turso.h: what each call answers, in good use and in bad.
#include <gmock/gmock.h>

#include <cstring>
#include <fstream>

#include "plain_fixture.hpp"

namespace turso::test {
namespace {

using ::testing::HasSubstr;

TEST_F(PlainAbi, TheVersionIsThatOfTheProject) { EXPECT_STREQ(turso_version(), "0.1.0"); }

TEST_F(PlainAbi, RowsComeBackAsTheyWereBound) {
  auto* connection = connect(open(dir_.path("a")));
  ASSERT_EQ(exec(connection, "CREATE TABLE t(i, r, s, b, n)"), TURSO_DONE);
  auto* insert = prepare(connection, "INSERT INTO t VALUES (?, ?, ?, ?, ?)");
  EXPECT_EQ(turso_statement_bind_positional_int(insert, 1, INT64_MIN), TURSO_OK);
  EXPECT_EQ(turso_statement_bind_positional_double(insert, 2, 1.5), TURSO_OK);
  EXPECT_EQ(turso_statement_bind_positional_text(insert, 3, "a\0b", 3), TURSO_OK);
  EXPECT_EQ(turso_statement_bind_positional_blob(insert, 4, "\xff", 1), TURSO_OK);
  EXPECT_EQ(turso_statement_bind_positional_null(insert, 5), TURSO_OK);
  std::uint64_t changed = 99;
  EXPECT_EQ(turso_statement_execute(insert, &changed, nullptr), TURSO_DONE);
  EXPECT_EQ(changed, 1U);
  EXPECT_EQ(turso_statement_n_change(insert), 1);
  EXPECT_EQ(turso_connection_last_insert_rowid(connection), 1);

  auto* select = prepare(connection, "SELECT * FROM t");
  ASSERT_EQ(turso_statement_step(select, nullptr), TURSO_ROW);
  EXPECT_EQ(turso_statement_row_value_int(select, 0), INT64_MIN);
  EXPECT_EQ(turso_statement_row_value_double(select, 1), 1.5);
  ASSERT_EQ(turso_statement_row_value_bytes_count(select, 2), 3);
  EXPECT_EQ(std::memcmp(turso_statement_row_value_bytes_ptr(select, 2), "a\0b", 3), 0);
  EXPECT_EQ(turso_statement_row_value_kind(select, 3), TURSO_TYPE_BLOB);
  EXPECT_EQ(turso_statement_row_value_kind(select, 4), TURSO_TYPE_NULL);
  EXPECT_EQ(turso_statement_row_value_kind(select, 5), TURSO_TYPE_UNKNOWN);
  EXPECT_EQ(turso_statement_step(select, nullptr), TURSO_DONE);
  EXPECT_EQ(turso_statement_step(select, nullptr), TURSO_DONE) << "stays done";
}

TEST_F(PlainAbi, AccessorsDoNotConvertAndSayNothingOutsideARow) {
  auto* select = prepare(connect(open(":memory:")), "SELECT 1, 1.5, '7', ''");
  EXPECT_EQ(turso_statement_row_value_kind(select, 0), TURSO_TYPE_UNKNOWN);
  EXPECT_EQ(turso_statement_row_value_bytes_count(select, 2), -1);
  EXPECT_EQ(turso_statement_row_value_int(select, 0), 0);
  ASSERT_EQ(turso_statement_step(select, nullptr), TURSO_ROW);
  EXPECT_EQ(turso_statement_row_value_double(select, 0), 0.0);
  EXPECT_EQ(turso_statement_row_value_int(select, 1), 0);
  EXPECT_EQ(turso_statement_row_value_int(select, 2), 0);
  EXPECT_EQ(turso_statement_row_value_bytes_count(select, 0), -1);
  EXPECT_EQ(turso_statement_row_value_bytes_ptr(select, 0), nullptr);
  EXPECT_EQ(turso_statement_row_value_bytes_count(select, 3), 0);
  EXPECT_NE(turso_statement_row_value_bytes_ptr(select, 3), nullptr);
}

TEST_F(PlainAbi, PrepareFirstWalksAScriptByByteOffsets) {
  auto* connection = connect(open(":memory:"));
  const char* script = "SELECT 'ä'; ; SELECT 2; -- end";
  std::vector<std::size_t> tails;
  for (std::size_t at = 0, tail = 0;; at += tail) {
    turso_statement_t* statement = nullptr;
    ASSERT_EQ(turso_connection_prepare_first(connection, script + at, &statement, &tail, nullptr), TURSO_OK);
    tails.push_back(at + tail);
    if (statement == nullptr) break;
    turso_statement_deinit(statement);
  }
  EXPECT_THAT(tails, ::testing::ElementsAre(15, std::strlen(script), std::strlen(script)));
}

TEST_F(PlainAbi, PrepareSingleWantsExactlyOneStatement) {
  auto* connection = connect(open(":memory:"));
  std::string message;
  EXPECT_EQ(exec(connection, " ", &message), TURSO_ERROR);
  EXPECT_EQ(message, "The supplied SQL string contains no statements");
  EXPECT_EQ(exec(connection, "SELECT 1; SELECT 2", &message), TURSO_ERROR);
  EXPECT_THAT(message, HasSubstr("second statement"));
}

TEST_F(PlainAbi, StatusesTellFailuresApart) {
  auto* connection = connect(open(dir_.path("a")));
  ASSERT_EQ(exec(connection, "CREATE TABLE u(y UNIQUE)"), TURSO_DONE);
  ASSERT_EQ(exec(connection, "INSERT INTO u VALUES (1)"), TURSO_DONE);
  std::string message;
  EXPECT_EQ(exec(connection, "INSERT INTO u VALUES (1)", &message), TURSO_CONSTRAINT);
  EXPECT_EQ(message, "UNIQUE constraint failed: u.y");
  EXPECT_EQ(exec(connection, "SELECT nothing FROM u", &message), TURSO_ERROR);
  auto* other = connect(open(dir_.path("a")));
  ASSERT_EQ(exec(connection, "BEGIN IMMEDIATE"), TURSO_DONE);
  EXPECT_FALSE(turso_connection_get_autocommit(connection));
  EXPECT_EQ(exec(other, "INSERT INTO u VALUES (2)"), TURSO_BUSY);
}

TEST_F(PlainAbi, WhatCannotBeOpenedSaysWhy) {
  auto attempt = [&](turso_database_config_t made, std::string* message) {
    const turso_database_t* database = nullptr;
    Text error;
    turso_status_code_t status = turso_database_new(&made, &database, error.out());
    if (status == TURSO_OK) status = turso_database_open(database, error.out());
    *message = error.str();
    turso_database_deinit(database);
    return status;
  };
  std::string message;
  EXPECT_EQ(attempt(config(dir_.path("none/a")), &message), TURSO_IOERR);
  EXPECT_THAT(message, HasSubstr("none/a"));
  std::ofstream(dir_.path("text")) << std::string(5000, 'x');
  EXPECT_EQ(attempt(config(dir_.path("text")), &message), TURSO_NOTADB);
  turso_database_config_t readonly = config(dir_.path("missing"));
  readonly.open_flags = TURSO_DATABASE_OPEN_READONLY;
  EXPECT_EQ(attempt(readonly, &message), TURSO_IOERR);
  readonly.open_flags = 2;
  EXPECT_EQ(attempt(readonly, &message), TURSO_MISUSE);
  turso_database_config_t vfs = config(dir_.path("a"));
  vfs.vfs = "io_uring";
  EXPECT_EQ(attempt(vfs, &message), TURSO_ERROR);
  EXPECT_THAT(message, HasSubstr("io_uring"));
}

TEST_F(PlainAbi, OptionsThatAreNotOfferedAreNamed) {
  auto refused = [&](turso_database_config_t made) {
    const turso_database_t* database = nullptr;
    Text error;
    EXPECT_EQ(turso_database_new(&made, &database, error.out()), TURSO_ERROR);
    EXPECT_EQ(database, nullptr);
    return error.str();
  };
  turso_database_config_t cipher = config("a");
  cipher.encryption_cipher = "aes256gcm";
  EXPECT_THAT(refused(cipher), HasSubstr("encryption_cipher"));
  turso_database_config_t key = config("a");
  key.encryption_hexkey = "00";
  EXPECT_THAT(refused(key), HasSubstr("encryption_hexkey"));
  turso_page_codec_v1_t codec{};
  turso_database_config_t coded = config("a");
  coded.page_codec = &codec;
  EXPECT_THAT(refused(coded), HasSubstr("page_codec"));
}

TEST_F(PlainAbi, ReadOnlyIsHonouredWhileTheProcessWrites) {
  auto* writer = connect(open(dir_.path("a")));
  ASSERT_EQ(exec(writer, "CREATE TABLE t(v)"), TURSO_DONE);
  turso_database_config_t readonly = config(dir_.path("a"));
  readonly.open_flags = TURSO_DATABASE_OPEN_READONLY;
  const turso_database_t* database = nullptr;
  ASSERT_EQ(turso_database_new(&readonly, &database, nullptr), TURSO_OK);
  databases_.push_back(database);
  ASSERT_EQ(turso_database_open(database, nullptr), TURSO_OK);
  EXPECT_EQ(exec(connect(database), "INSERT INTO t VALUES (1)"), TURSO_READONLY);
}

TEST_F(PlainAbi, OpenTwiceIsOkAndConnectBeforeOpenIsMisuse) {
  turso_database_config_t made = config(":memory:");
  const turso_database_t* database = nullptr;
  ASSERT_EQ(turso_database_new(&made, &database, nullptr), TURSO_OK);
  databases_.push_back(database);
  turso_connection_t* connection = nullptr;
  EXPECT_EQ(turso_database_connect(database, &connection, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_database_open(database, nullptr), TURSO_OK);
  EXPECT_EQ(turso_database_open(database, nullptr), TURSO_OK);
}

TEST_F(PlainAbi, ParametersAreFoundByPrefixedName) {
  auto* select = prepare(connect(open(":memory:")), "SELECT :a, ?7, ?");
  EXPECT_EQ(turso_statement_parameters_count(select), 8);
  EXPECT_EQ(turso_statement_named_position(select, ":a"), 1);
  EXPECT_EQ(turso_statement_named_position(select, "a"), -1);
  EXPECT_EQ(turso_statement_named_position(select, "?7"), 7);
  EXPECT_EQ(Text(turso_statement_parameter_name(select, 1)).str(), ":a");
  EXPECT_TRUE(Text(turso_statement_parameter_name(select, 8)).is_null());
  EXPECT_TRUE(Text(turso_statement_parameter_name(select, 0)).is_null());
}

TEST_F(PlainAbi, BadBindsAreMisuseAndNullWithNoLengthIsEmpty) {
  auto* select = prepare(connect(open(":memory:")), "SELECT ?, ?");
  EXPECT_EQ(turso_statement_bind_positional_int(select, 0, 1), TURSO_MISUSE);
  EXPECT_EQ(turso_statement_bind_positional_int(select, 3, 1), TURSO_MISUSE);
  EXPECT_EQ(turso_statement_bind_positional_int(select, SIZE_MAX, 1), TURSO_MISUSE);
  EXPECT_EQ(turso_statement_bind_positional_text(select, 1, "\xc3", 1), TURSO_MISUSE);
  EXPECT_EQ(turso_statement_bind_positional_text(select, 1, nullptr, 1), TURSO_MISUSE);
  EXPECT_EQ(turso_statement_bind_positional_text(select, 1, nullptr, 0), TURSO_OK);
  EXPECT_EQ(turso_statement_bind_positional_blob(select, 2, nullptr, 0), TURSO_OK);
  ASSERT_EQ(turso_statement_step(select, nullptr), TURSO_ROW);
  EXPECT_EQ(turso_statement_row_value_kind(select, 0), TURSO_TYPE_TEXT);
  EXPECT_EQ(turso_statement_row_value_kind(select, 1), TURSO_TYPE_BLOB);
}

TEST_F(PlainAbi, ColumnsTellNameAndDeclaredType) {
  auto* connection = connect(open(":memory:"));
  ASSERT_EQ(exec(connection, "CREATE TABLE t(a VARCHAR(10), b)"), TURSO_DONE);
  auto* select = prepare(connection, "SELECT a, b AS c FROM t");
  EXPECT_EQ(turso_statement_column_count(select), 2);
  EXPECT_EQ(Text(turso_statement_column_name(select, 1)).str(), "c");
  EXPECT_EQ(Text(turso_statement_column_decltype(select, 0)).str(), "VARCHAR(10)");
  EXPECT_TRUE(Text(turso_statement_column_decltype(select, 1)).is_null());
  EXPECT_TRUE(Text(turso_statement_column_name(select, 2)).is_null());
  EXPECT_EQ(turso_statement_column_kind(select, 0), TURSO_COLUMN_KIND_NONE);
}

TEST_F(PlainAbi, FinalizeAnswersDoneAndThenMisuse) {
  auto* select = prepare(connect(open(":memory:")), "SELECT 1");
  EXPECT_EQ(turso_statement_finalize(select, nullptr), TURSO_DONE);
  EXPECT_EQ(turso_statement_step(select, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_statement_column_count(select), 0);
  EXPECT_EQ(turso_statement_finalize(select, nullptr), TURSO_MISUSE);
}

TEST_F(PlainAbi, AClosedConnectionAnswersMisuseAndSaysSo) {
  auto* connection = connect(open(":memory:"));
  auto* select = prepare(connection, "SELECT 1");
  EXPECT_EQ(turso_connection_close(connection, nullptr), TURSO_OK);
  EXPECT_EQ(turso_connection_close(connection, nullptr), TURSO_OK);
  Text error;
  EXPECT_EQ(turso_statement_step(select, error.out()), TURSO_MISUSE);
  EXPECT_THAT(error.str(), HasSubstr("closed"));
}

TEST_F(PlainAbi, HandlesMayBeGivenBackInAnyOrder) {
  turso_database_config_t made = config(dir_.path("a"));
  const turso_database_t* database = nullptr;
  turso_connection_t* connection = nullptr;
  turso_statement_t* statement = nullptr;
  ASSERT_EQ(turso_database_new(&made, &database, nullptr), TURSO_OK);
  ASSERT_EQ(turso_database_open(database, nullptr), TURSO_OK);
  ASSERT_EQ(turso_database_connect(database, &connection, nullptr), TURSO_OK);
  ASSERT_EQ(turso_connection_prepare_single(connection, "SELECT 4", &statement, nullptr), TURSO_OK);
  turso_database_deinit(database);
  turso_connection_deinit(connection);
  EXPECT_EQ(turso_statement_step(statement, nullptr), TURSO_ROW);
  EXPECT_EQ(turso_statement_row_value_int(statement, 0), 4);
  turso_statement_deinit(statement);
}

TEST_F(PlainAbi, NullHandlesAreMisuseAndNullIsGivenBackFreely) {
  turso_connection_t* connection = nullptr;
  turso_statement_t* statement = nullptr;
  Text error;
  EXPECT_EQ(turso_setup(nullptr, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_database_new(nullptr, nullptr, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_database_open(nullptr, error.out()), TURSO_MISUSE);
  EXPECT_EQ(error.str(), "got null pointer");
  EXPECT_EQ(turso_database_connect(nullptr, &connection, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_connection_prepare_single(nullptr, "SELECT 1", &statement, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_connection_close(nullptr, nullptr), TURSO_MISUSE);
  EXPECT_FALSE(turso_connection_get_autocommit(nullptr));
  EXPECT_EQ(turso_connection_last_insert_rowid(nullptr), 0);
  EXPECT_EQ(turso_statement_step(nullptr, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_statement_execute(nullptr, nullptr, nullptr), TURSO_MISUSE);
  EXPECT_EQ(turso_statement_n_change(nullptr), -1);
  EXPECT_EQ(turso_statement_column_count(nullptr), -1);
  EXPECT_EQ(turso_statement_parameters_count(nullptr), -1);
  EXPECT_EQ(turso_statement_bind_positional_null(nullptr, 1), TURSO_MISUSE);
  turso_connection_set_busy_timeout_ms(nullptr, 1);
  turso_statement_deinit(nullptr);
  turso_connection_deinit(nullptr);
  turso_database_deinit(nullptr);
  turso_str_deinit(nullptr);
}

TEST_F(PlainAbi, TheLogLevelIsChecked) {
  turso_config_t config{nullptr, "loud"};
  Text error;
  EXPECT_EQ(turso_setup(&config, error.out()), TURSO_ERROR);
  EXPECT_THAT(error.str(), HasSubstr("loud"));
  config.log_level = "warn";
  EXPECT_EQ(turso_setup(&config, nullptr), TURSO_OK);
}

}  // namespace
}  // namespace turso::test
