// Functions, aggregates and collations of the host: values both ways, and who frees what when.
#include <gmock/gmock.h>

#include <cctype>
#include <cstring>

#include "plain_fixture.hpp"

namespace turso::test {
namespace {

using ::testing::HasSubstr;

int contexts_destroyed = 0;
int values_destroyed = 0;
int aggregates_destroyed = 0;

void destroy_context(std::uintptr_t) { ++contexts_destroyed; }
void destroy_value(turso_value_t*) { ++values_destroyed; }
void destroy_aggregate(std::uintptr_t state) {
  ++aggregates_destroyed;
  delete reinterpret_cast<turso_agg_ctx_t*>(state);
}

turso_value_t integer(std::int64_t number) {
  turso_value_t value{};
  value.value_type = TURSO_EXTENSION_VALUE_INTEGER;
  value.value.int_value = number;
  return value;
}

turso_value_t add(std::uintptr_t context, std::int32_t argc, const turso_value_t* argv, turso_context_destructor_t,
                  turso_value_destructor_t) {
  auto sum = static_cast<std::int64_t>(context);
  for (int i = 0; i < argc; ++i) sum += argv[i].value.int_value;
  return integer(sum);
}

// Gives its argument back.
turso_value_t echo(std::uintptr_t, std::int32_t, const turso_value_t* argv, turso_context_destructor_t,
                   turso_value_destructor_t) {
  return argv[0];
}

turso_value_t refuse(std::uintptr_t, std::int32_t, const turso_value_t*, turso_context_destructor_t,
                     turso_value_destructor_t) {
  static const char kWords[] = "not today";
  static turso_extension_text_t message{TURSO_EXTENSION_TEXT_TEXT, reinterpret_cast<const std::uint8_t*>(kWords), 9};
  static const turso_extension_error_t error{TURSO_EXTENSION_RESULT_CONSTRAINT_VIOLATION, &message};
  turso_value_t value{};
  value.value_type = TURSO_EXTENSION_VALUE_ERROR;
  value.value.error = &error;
  return value;
}

turso_value_t json(std::uintptr_t, std::int32_t, const turso_value_t* argv, turso_context_destructor_t,
                   turso_value_destructor_t) {
  static const std::uint8_t kArray[] = {'[', '1', ']'};
  static const turso_extension_text_t text{TURSO_EXTENSION_TEXT_JSON, kArray, 3};
  turso_value_t value{};
  value.value_type = TURSO_EXTENSION_VALUE_TEXT;
  value.value.text = &text;
  if (argv[0].value_type == TURSO_EXTENSION_VALUE_TEXT && argv[0].value.text->subtype == TURSO_EXTENSION_TEXT_JSON)
    return integer(1);
  return value;
}

turso_agg_ctx_t* begin(std::uintptr_t) { return new turso_agg_ctx_t{nullptr}; }
turso_value_t count_up(std::uintptr_t, turso_agg_ctx_t* aggregate, std::int32_t, const turso_value_t* argv) {
  aggregate->state = static_cast<char*>(aggregate->state) + argv[0].value.int_value;
  return {};
}
turso_value_t total(std::uintptr_t, turso_agg_ctx_t* aggregate) {
  return integer(static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(aggregate->state)));
}

std::int32_t by_length(std::uintptr_t, const std::uint8_t*, std::size_t left, const std::uint8_t*, std::size_t right) {
  return left < right ? -1 : left > right ? 1 : 0;
}

class FunctionsAbi : public PlainAbi {
 protected:
  FunctionsAbi() { contexts_destroyed = values_destroyed = aggregates_destroyed = 0; }
  turso_status_code_t scalar(const turso_connection_t* connection, const char* name, std::int32_t argc,
                             turso_scalar_function_t function, std::uintptr_t context = 0) {
    return turso_connection_register_scalar_function(connection, name, argc, true, context, function, destroy_context,
                                                     destroy_value, nullptr);
  }
};

TEST_F(FunctionsAbi, AScalarFunctionBelongsToTheDatabaseHandle) {
  const turso_database_t* database = open(":memory:");
  auto* connection = connect(database);
  ASSERT_EQ(scalar(connection, "plus_all", -1, add, 100), TURSO_OK);
  EXPECT_EQ(first(connection, "SELECT plus_all(1, 2, 3)"), "106");
  EXPECT_EQ(values_destroyed, 1);
  EXPECT_EQ(first(connect(database), "SELECT PLUS_ALL()"), "100");
}

TEST_F(FunctionsAbi, EveryKindOfValueGoesInAndComesOut) {
  auto* connection = connect(open(":memory:"));
  ASSERT_EQ(scalar(connection, "echo", 1, echo), TURSO_OK);
  EXPECT_EQ(first(connection, "SELECT echo(-5)"), "-5");
  EXPECT_EQ(first(connection, "SELECT typeof(echo(1.5)) || echo(1.5)"), "real1.5");
  EXPECT_EQ(first(connection, "SELECT echo('ä')"), "ä");
  EXPECT_EQ(first(connection, "SELECT typeof(echo(''))"), "text");
  EXPECT_EQ(first(connection, "SELECT hex(echo(x'00ff'))"), "00FF");
  EXPECT_EQ(first(connection, "SELECT typeof(echo(x''))"), "blob");
  EXPECT_EQ(first(connection, "SELECT typeof(echo(NULL))"), "null");
}

TEST_F(FunctionsAbi, JsonIsMarkedBothWays) {
  auto* connection = connect(open(":memory:"));
  ASSERT_EQ(scalar(connection, "one", 1, json), TURSO_OK);
  EXPECT_EQ(first(connection, "SELECT json_array(one('x'))"), "[[1]]");
  EXPECT_EQ(first(connection, "SELECT one(json('[2]'))"), "1");
}

TEST_F(FunctionsAbi, AFailingFunctionFailsTheStatementWithItsStatus) {
  auto* connection = connect(open(":memory:"));
  ASSERT_EQ(scalar(connection, "refuse", 0, refuse), TURSO_OK);
  std::string message;
  EXPECT_EQ(exec(connection, "SELECT refuse()", &message), TURSO_CONSTRAINT);
  EXPECT_EQ(message, "not today");
}

TEST_F(FunctionsAbi, AnAggregateHasAStatePerGroupThatIsAlwaysDestroyed) {
  auto* connection = connect(open(":memory:"));
  ASSERT_EQ(turso_connection_register_aggregate_function(connection, "total_of", 1, 0, begin, count_up, total,
                                                         destroy_context, destroy_aggregate, destroy_value, nullptr),
            TURSO_OK);
  ASSERT_EQ(exec(connection, "CREATE TABLE t(g, v)"), TURSO_DONE);
  EXPECT_EQ(first(connection, "SELECT total_of(v) FROM t"), "0") << "no rows";
  EXPECT_EQ(aggregates_destroyed, 1);
  ASSERT_EQ(exec(connection, "INSERT INTO t VALUES (1, 10), (1, 20), (2, 5)"), TURSO_DONE);
  EXPECT_EQ(first(connection, "SELECT group_concat(s) FROM (SELECT total_of(v) AS s FROM t GROUP BY g)"), "30,5");
  EXPECT_EQ(aggregates_destroyed, 3);
  EXPECT_NE(exec(connection,
                 "SELECT total_of(v), abs(CASE v WHEN 5 THEN -9223372036854775807 - 1 ELSE 1 END) FROM t "
                 "GROUP BY g HAVING sum(abs(CASE v WHEN 5 THEN -9223372036854775807 - 1 ELSE 1 END)) > 0"),
            TURSO_DONE);
  EXPECT_GE(aggregates_destroyed, 4) << "after an error, too";
}

TEST_F(FunctionsAbi, ACollationOrdersAndCanBeRemoved) {
  auto* connection = connect(open(":memory:"));
  ASSERT_EQ(turso_connection_register_collation(connection, "by_length", 0, by_length, destroy_context, nullptr),
            TURSO_OK);
  EXPECT_EQ(first(connection, "SELECT max(v COLLATE by_length) FROM (SELECT 'zz' AS v UNION ALL SELECT 'aaa')"), "aaa");
  auto* running = prepare(connection, "SELECT 1 UNION ALL SELECT 2");
  ASSERT_EQ(turso_statement_step(running, nullptr), TURSO_ROW);
  EXPECT_EQ(turso_connection_unregister_collation(connection, "by_length", nullptr), TURSO_BUSY) << "it may be in use";
  ASSERT_EQ(turso_statement_reset(running, nullptr), TURSO_OK);
  EXPECT_EQ(turso_connection_unregister_collation(connection, "BY_LENGTH", nullptr), TURSO_OK);
  EXPECT_EQ(contexts_destroyed, 1);
  EXPECT_EQ(exec(connection, "SELECT 1 ORDER BY 'a' COLLATE by_length"), TURSO_ERROR);
  EXPECT_EQ(turso_connection_unregister_collation(connection, "by_length", nullptr), TURSO_ERROR);
}

TEST_F(FunctionsAbi, UnregisterRemovesEveryArityAndDestroysEachContextOnce) {
  auto* connection = connect(open(":memory:"));
  ASSERT_EQ(scalar(connection, "f", 1, add), TURSO_OK);
  ASSERT_EQ(scalar(connection, "F", 2, add), TURSO_OK);
  EXPECT_EQ(turso_connection_unregister_function(connection, "f", nullptr), TURSO_OK);
  EXPECT_EQ(contexts_destroyed, 2);
  EXPECT_EQ(exec(connection, "SELECT f(1)"), TURSO_ERROR);
  EXPECT_EQ(turso_connection_unregister_function(connection, "f", nullptr), TURSO_ERROR);
}

TEST_F(FunctionsAbi, AContextGoesWithItsReplacementOrTheLastHandle) {
  turso_database_config_t made = config(":memory:");
  const turso_database_t* database = nullptr;
  turso_connection_t* connection = nullptr;
  ASSERT_EQ(turso_database_new(&made, &database, nullptr), TURSO_OK);
  ASSERT_EQ(turso_database_open(database, nullptr), TURSO_OK);
  ASSERT_EQ(turso_database_connect(database, &connection, nullptr), TURSO_OK);
  ASSERT_EQ(scalar(connection, "f", 1, add), TURSO_OK);
  ASSERT_EQ(scalar(connection, "f", 1, add), TURSO_OK);
  EXPECT_EQ(contexts_destroyed, 1);
  turso_database_deinit(database);
  EXPECT_EQ(contexts_destroyed, 1);
  turso_connection_deinit(connection);
  EXPECT_EQ(contexts_destroyed, 2);
}

TEST_F(FunctionsAbi, AFailedRegistrationDestroysTheContext) {
  auto* connection = connect(open(":memory:"));
  EXPECT_NE(scalar(connection, "f", -7, add), TURSO_OK);
  EXPECT_EQ(contexts_destroyed, 1);
  EXPECT_EQ(scalar(nullptr, "f", 1, add), TURSO_MISUSE);
  EXPECT_EQ(contexts_destroyed, 2);
}

TEST_F(FunctionsAbi, ExtensionsAreOffUntilEnabled) {
  auto* connection = connect(open(":memory:"));
  Text error;
  EXPECT_EQ(turso_connection_load_extension(connection, "none", error.out()), TURSO_ERROR);
  EXPECT_THAT(error.str(), HasSubstr("not enabled"));
  EXPECT_EQ(turso_connection_enable_load_extension(connection, true, nullptr), TURSO_OK);
  EXPECT_EQ(turso_connection_load_extension(connection, dir_.path("none").c_str(), nullptr), TURSO_ERROR);
}

}  // namespace
}  // namespace turso::test
