#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "wire/pipeline.hpp"

namespace turso::wire {
namespace {

using testing::HasSubstr;

Result<Value> value_of(std::string_view json) {
  TURSO_TRY(
      PipelineRequest request,
      decode_pipeline_request(concat(R"({"requests":[{"type":"execute","stmt":{"sql":"q","args":[)", json, "]}}]}")));
  return std::get<SqlStatement>(request.requests.at(0)).args.at(0);
}

Value value_or_note(std::string_view json) {
  auto value = value_of(json);
  return value ? *value : Value("error: " + value.error().message);
}

Result<Condition> condition_of(std::string_view json) {
  TURSO_TRY(PipelineRequest request,
            decode_pipeline_request(concat(R"({"requests":[{"type":"batch","batch":{"steps":[{"condition":)", json,
                                           R"(,"stmt":{"sql":"q"}}]}}]})")));
  auto& step = std::get<Batch>(request.requests.at(0)).steps.at(0);
  return step.condition.value_or(Condition::ok(999));
}

TEST(PipelineValue, ReadsEveryTypeInEverySpelling) {
  EXPECT_EQ(value_or_note(R"({"type":"null"})"), Value());
  EXPECT_EQ(value_or_note(R"({"type":"integer","value":"-9223372036854775808"})"),
            Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(value_or_note(R"({"type":"integer","value":42})"), Value(42));
  EXPECT_EQ(value_or_note(R"({"type":"float","value":1.5})"), Value(1.5));
  EXPECT_EQ(value_or_note(R"({"type":"float","value":3})"), Value(3.0));
  EXPECT_EQ(value_or_note(R"({"type":"float","value":-0.0})"), Value(-0.0));
  EXPECT_EQ(value_or_note(R"({"type":"float","value":1e300})"), Value(1e300));
  EXPECT_EQ(value_or_note(R"({"type":"float","value":null})"), Value());
  EXPECT_EQ(value_or_note(R"({"type":"text","value":"a\/b\u00e4\ud83d\ude00"})"), Value("a/b\xc3\xa4\xf0\x9f\x98\x80"));
  EXPECT_EQ(value_or_note(R"({"type":"text","value":"a\u0000b"})"), Value(std::string("a\0b", 3)));
  EXPECT_EQ(value_or_note(R"({"type":"blob","base64":"Zg"})"), Value(to_bytes("f")));
  EXPECT_EQ(value_or_note(R"({"type":"blob","base64":"Zg=="})"), Value(to_bytes("f")));
  EXPECT_EQ(value_or_note(R"({"later":[1],"type":"blob","base64":""})"), Value(Bytes{}));
}

TEST(PipelineValue, IsStrictAboutTypes) {
  for (auto json : {R"({"type":"integer","value":"9223372036854775808"})",
                    R"({"type":"integer","value":"7 "})",
                    R"({"type":"integer","value":""})",
                    R"({"type":"integer","value":1.5})",
                    R"({"type":"integer"})",
                    R"({"type":"float","value":"1.5"})",
                    R"({"type":"float","value":NaN})",
                    R"({"type":"float","value":1e999})",
                    R"({"type":"text","value":7})",
                    R"({"type":"text"})",
                    R"({"type":"blob","base64":"Z"})",
                    R"({"type":"blob","value":"Zg"})",
                    R"({"type":"date","value":"x"})",
                    R"({"value":"x"})",
                    "7",
                    "[]",
                    "null",
                    R"({"type":"text","value":"\ud83d"})",
                    R"({"type":"text","value":"\ude00"})",
                    "{\"type\":\"text\",\"value\":\"\xff\"}"}) {
    auto value = value_of(json);
    ASSERT_FALSE(value.has_value()) << json;
    EXPECT_EQ(value.error().kind, ErrorKind::kProtocol) << json;
  }
}

TEST(PipelineValue, RandomRealsSurviveTheWireBitByBit) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  PipelineRequest request;
  SqlStatement statement{"q", {}, {}, true};
  for (int i = 0; i < 20000; ++i) {
    auto real = std::bit_cast<double>(random());
    if (std::isfinite(real)) statement.args.emplace_back(real);
  }
  statement.args.emplace_back(std::numeric_limits<double>::denorm_min());
  statement.args.emplace_back(std::numeric_limits<double>::max());
  request.requests.push_back(statement);
  auto decoded = decode_pipeline_request(encode_pipeline_request(request));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  auto& args = std::get<SqlStatement>(decoded->requests.at(0)).args;
  ASSERT_EQ(args.size(), statement.args.size());
  for (std::size_t i = 0; i < args.size(); ++i) ASSERT_EQ(args[i], statement.args[i]) << args[i].to_sql();
}

TEST(PipelineValue, NumbersOfHundredsOfDigitsAreRead) {
  std::string zeros(1000, '0');
  EXPECT_EQ(value_or_note(concat(R"({"type":"float","value":0.)", zeros, "1}")), Value(0.0));
  EXPECT_EQ(value_or_note(concat(R"({"type":"float","value":1.)", zeros, "1}")), Value(1.0));
  EXPECT_EQ(value_or_note(concat(R"({"type":"float","value":-0.)", zeros, "56e1000}")), Value(-0.56));
  EXPECT_FALSE(value_of(concat(R"({"type":"float","value":1)", zeros, "}")).has_value());
  EXPECT_FALSE(value_of(concat(R"({"type":"integer","value":1)", zeros, "}")).has_value());
}

TEST(PipelineCondition, ReadsEveryKind) {
  EXPECT_EQ(condition_of(R"({"type":"ok","step":3})")->step, 3u);
  EXPECT_EQ(condition_of(R"({"type":"error","step":4})")->kind, Condition::Kind::kError);
  EXPECT_EQ(condition_of(R"({"type":"is_autocommit"})")->kind, Condition::Kind::kIsAutocommit);
  EXPECT_EQ(condition_of(R"({"type":"not","cond":{"type":"is_autocommit"}})")->operands.size(), 1u);
  EXPECT_EQ(condition_of(R"({"type":"or","conds":[{"type":"ok","step":0},{"type":"ok","step":1}]})")->operands.size(),
            2u);
  EXPECT_EQ(condition_of(R"({"type":"and","conds":[]})")->kind, Condition::Kind::kAnd);
  EXPECT_EQ(condition_of("null")->step, 999u);
}

TEST(PipelineCondition, RefusesWhatCannotBeDecided) {
  for (auto json :
       {R"({"type":"maybe"})", R"({"type":"ok"})", R"({"type":"ok","step":-1})", R"({"type":"ok","step":"1"})",
        R"({"type":"not"})", R"({"type":"and","conds":{}})", "[]", R"("ok")"}) {
    EXPECT_FALSE(condition_of(json).has_value()) << json;
  }
}

TEST(PipelineCondition, NestingIsBounded) {
  auto nested = [](std::size_t depth) {
    std::string json;
    for (std::size_t i = 0; i < depth; ++i) json += R"({"type":"not","cond":)";
    return json + R"({"type":"is_autocommit"})" + std::string(depth, '}');
  };
  EXPECT_TRUE(condition_of(nested(limits::kJsonDepthMax - 10)).has_value());
  auto deep = condition_of(nested(limits::kJsonDepthMax));
  ASSERT_FALSE(deep.has_value());
  EXPECT_THAT(deep.error().message, HasSubstr("nests deeper than 64"));
  EXPECT_FALSE(decode_pipeline_request(std::string(1'000'000, '[')).has_value());
}

TEST(PipelineRequest, AbsentKeysHaveTheirDefaults) {
  auto request = decode_pipeline_request(
      R"({"requests":[{"type":"execute","stmt":{"sql":"q"}},{"type":"execute","stmt":{"sql_id":1}}]})");
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->baton, std::nullopt);
  auto& statement = std::get<SqlStatement>(request->requests.at(0));
  EXPECT_TRUE(statement.want_rows);
  EXPECT_TRUE(statement.args.empty());
  EXPECT_EQ(std::get<SqlStatement>(request->requests.at(1)).sql, "");
}

TEST(PipelineRequest, KeepsTheTypeOfARequestItDoesNotKnow) {
  auto request =
      decode_pipeline_request(R"({"baton":"b","requests":[{"type":"sequence","sql":"a;b"},{"type":"close"}]})");
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->baton, "b");
  EXPECT_EQ(std::get<OtherRequest>(request->requests.at(0)).type, "sequence");
  EXPECT_TRUE(std::holds_alternative<CloseRequest>(request->requests.at(1)));
}

TEST(PipelineRequest, RefusesDamage) {
  for (auto json : {"", "null", "[]", "{", "{}", R"({"requests":null})", R"({"requests":{}})", R"({"requests":[7]})",
                    R"({"requests":[{"type":"execute"}]})", R"({"requests":[{"type":"batch"}]})",
                    R"({"requests":[{"type":"batch","batch":{}}]})", R"({"requests":[]} x)",
                    R"({"baton":1,"requests":[]})", R"({"requests":[{"type":"execute","stmt":{"sql":7}}]})",
                    R"({"requests":[{"type":"execute","stmt":{"sql":"q","want_rows":1}}]})"}) {
    auto request = decode_pipeline_request(json);
    ASSERT_FALSE(request.has_value()) << json;
    EXPECT_EQ(request.error().kind, ErrorKind::kProtocol) << json;
  }
}

TEST(PipelineRequest, NamedArgumentsKeepTheirNames) {
  auto request = decode_pipeline_request(
      R"({"requests":[{"type":"execute","stmt":{"sql":"q","named_args":[{"name":":a","value":{"type":"integer","value":"1"}}]}}]})");
  ASSERT_TRUE(request.has_value()) << request.error().message;
  auto& named = std::get<SqlStatement>(request->requests.at(0)).named_args;
  ASSERT_EQ(named.size(), 1u);
  EXPECT_EQ(named[0].name, ":a");
  EXPECT_EQ(named[0].value, Value(1));
}

TEST(PipelineResponse, ReadsWhatPeersAdd) {
  auto response = decode_pipeline_response(
      R"({"baton":null,"base_url":"http://x","later":{},"results":[{"type":"ok","response":{"type":"execute","result":{"cols":[{"name":null,)"
      R"("decltype":"TEXT"}],"rows":[[{"type":"text","value":"x"}]],"affected_row_count":1,"last_insert_rowid":"9007199254740993",)"
      R"("replication_index":null,"rows_read":1,"query_duration_ms":0.1}}},{"type":"error","error":{"message":"m"}}]})");
  ASSERT_TRUE(response.has_value()) << response.error().message;
  auto& result = std::get<StatementResult>(response->results.at(0));
  EXPECT_EQ(result.columns.at(0).name, "");
  EXPECT_EQ(result.columns.at(0).decltype_text, "TEXT");
  EXPECT_EQ(result.rows.at(0).at(0), Value("x"));
  EXPECT_EQ(result.affected_row_count, 1);
  EXPECT_EQ(result.last_insert_rowid, 9007199254740993);
  EXPECT_EQ(std::get<SqlError>(response->results.at(1)).message, "m");
}

TEST(PipelineResponse, ABatchAnswersStepByStep) {
  auto response = decode_pipeline_response(
      R"({"results":[{"type":"ok","response":{"type":"batch","result":{"step_results":[{"cols":[],"rows":[],"affected_row_count":0,)"
      R"("last_insert_rowid":null},null,null],"step_errors":[null,{"message":"UNIQUE constraint failed: t.a","code":"SQLITE_CONSTRAINT"},null]}}}]})");
  ASSERT_TRUE(response.has_value()) << response.error().message;
  auto& batch = std::get<BatchResult>(response->results.at(0));
  EXPECT_TRUE(batch.step_results.at(0).has_value());
  EXPECT_FALSE(batch.step_results.at(1).has_value());
  EXPECT_EQ(batch.step_errors.at(1)->code, "SQLITE_CONSTRAINT");
  EXPECT_FALSE(batch.step_errors.at(2).has_value());
}

TEST(PipelineResponse, RefusesDamage) {
  for (
      auto json :
      {"{}", R"({"results":[{}]})", R"({"results":[{"type":"ok"}]})",
       R"({"results":[{"type":"ok","response":{"type":"describe","result":{}}}]})", R"({"results":[{"type":"error"}]})",
       R"({"results":[{"type":"error","error":{"code":"C"}}]})",
       R"({"results":[{"type":"ok","response":{"type":"batch","result":{"step_results":[null],"step_errors":[]}}}]})",
       R"({"results":[{"type":"ok","response":{"type":"execute","result":{"cols":[],"rows":[[{"type":"null"}]],"affected_row_count":0}}}]})",
       R"({"results":[{"type":"ok","response":{"type":"execute","result":{"cols":[],"rows":[7],"affected_row_count":0}}}]})"}) {
    auto response = decode_pipeline_response(json);
    ASSERT_FALSE(response.has_value()) << json;
    EXPECT_EQ(response.error().kind, ErrorKind::kProtocol) << json;
  }
}

TEST(PipelineResponse, ADamagedAnswerSaysWhere) {
  auto response = decode_pipeline_response(R"({"results":[<html>)");
  ASSERT_FALSE(response.has_value());
  EXPECT_THAT(response.error().message, HasSubstr("no JSON at byte 12 of 18: <html>"));
}

TEST(PipelineResponse, WhatIsWrittenIsRead) {
  PipelineResponse response;
  response.baton = "b";
  response.results.push_back(StatementResult{{{"a", "BLOB"}}, {{Bytes{0, 255}}, {{}}, {"t"}, {-1}, {0.1}}, 5, -3});
  response.results.push_back(CloseResult{});
  auto decoded = decode_pipeline_response(encode_pipeline_response(response));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(encode_pipeline_response(*decoded), encode_pipeline_response(response));
  EXPECT_EQ(std::get<StatementResult>(decoded->results.at(0)).rows,
            std::get<StatementResult>(response.results.at(0)).rows);
}

}  // namespace
}  // namespace turso::wire
