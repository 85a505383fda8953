// The texts are what the official client and server put on the wire, or differ only where JSON readers cannot see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "wire/pipeline.hpp"

namespace turso::wire {
namespace {

std::string one_argument(Value value) {
  PipelineRequest request;
  request.requests.push_back(SqlStatement{"q", {std::move(value)}, {}, true});
  std::string json = encode_pipeline_request(request);
  auto begin = json.find("\"args\":[") + 8;
  return json.substr(begin, json.find("],\"named_args\"") - begin);
}

TEST(PipelineRequest, BatchIsWrittenKeyByKeyAsThePeerExpects) {
  Batch batch;
  batch.steps.push_back({std::nullopt, {"BEGIN IMMEDIATE", {}, {}, false}});
  batch.steps.push_back({Condition::negate(Condition::is_autocommit()), {"DELETE FROM t WHERE a = ?", {7}, {}, true}});
  PipelineRequest request;
  request.requests.push_back(batch);
  EXPECT_EQ(
      encode_pipeline_request(request),
      R"({"baton":null,"requests":[{"type":"batch","batch":{"steps":[)"
      R"({"condition":null,"stmt":{"sql":"BEGIN IMMEDIATE","sql_id":null,"args":[],"named_args":[],"want_rows":false,"replication_index":null}},)"
      R"({"condition":{"type":"not","cond":{"type":"is_autocommit"}},"stmt":{"sql":"DELETE FROM t WHERE a = ?","sql_id":null,)"
      R"("args":[{"type":"integer","value":"7"}],"named_args":[],"want_rows":true,"replication_index":null}}],"replication_index":null}}]})");
}

TEST(PipelineRequest, TheOtherRequestsAndConditions) {
  PipelineRequest request;
  request.baton = "b";
  request.requests.push_back(SqlStatement{"q", {}, {{"n", 1}}, false});
  request.requests.push_back(
      Batch{{{Condition::all({Condition::ok(0), Condition{Condition::Kind::kError, 1, {}}}), {}}}});
  request.requests.push_back(CloseRequest{});
  request.requests.push_back(OtherRequest{"get_autocommit"});
  EXPECT_EQ(
      encode_pipeline_request(request),
      R"({"baton":"b","requests":[{"type":"execute","stmt":{"sql":"q","sql_id":null,"args":[],"named_args":[{"name":"n","value":)"
      R"({"type":"integer","value":"1"}}],"want_rows":false,"replication_index":null}},{"type":"batch","batch":{"steps":[{"condition":)"
      R"({"type":"and","conds":[{"type":"ok","step":0},{"type":"error","step":1}]},"stmt":{"sql":"","sql_id":null,"args":[],)"
      R"("named_args":[],"want_rows":true,"replication_index":null}}],"replication_index":null}},{"type":"close"},{"type":"get_autocommit"}]})");
}

TEST(PipelineValue, EveryTypeHasItsForm) {
  EXPECT_EQ(one_argument({}), R"({"type":"null"})");
  EXPECT_EQ(one_argument(std::numeric_limits<std::int64_t>::min()),
            R"({"type":"integer","value":"-9223372036854775808"})");
  EXPECT_EQ(one_argument(1.5), R"({"type":"float","value":1.5})");
  EXPECT_EQ(one_argument("a\"b"), R"({"type":"text","value":"a\"b"})");
  EXPECT_EQ(one_argument(Bytes{0xff, 0xff, 0xfe, 0x00}), R"({"type":"blob","base64":"///+AA"})");
}

TEST(PipelineValue, RealsAreNeverWrittenAsIntegersNorBeyondJson) {
  EXPECT_EQ(one_argument(2.0), R"({"type":"float","value":2.0})");
  EXPECT_EQ(one_argument(-0.0), R"({"type":"float","value":-0.0})");
  EXPECT_EQ(one_argument(std::numeric_limits<double>::infinity()), R"({"type":"float","value":null})");
  EXPECT_EQ(one_argument(-std::numeric_limits<double>::infinity()), R"({"type":"float","value":null})");
  EXPECT_EQ(one_argument(std::numeric_limits<double>::quiet_NaN()), R"({"type":"float","value":null})");
}

TEST(PipelineValue, TextKeepsSlashesAndEscapesWhatJsonMust) {
  EXPECT_EQ(one_argument("a/b\\c\n\x01 \xc3\xa4"), R"({"type":"text","value":"a/b\\c\n\u0001 )"
                                                   "\xc3\xa4\"}");
  EXPECT_EQ(one_argument(std::string("a\0b", 3)), R"({"type":"text","value":"a\u0000b"})");
}

TEST(PipelineValue, TextThatIsNotUtf8StaysJson) {
  EXPECT_EQ(one_argument("a\xff\xc3(\xe2\x82"),
            "{\"type\":\"text\",\"value\":\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\"}");
}

TEST(BatchRequestWriter, WritesTheSameBytesAndKnowsItsSize) {
  Batch batch;
  batch.steps.push_back({std::nullopt, {"BEGIN", {}, {}, false}});
  batch.steps.push_back({Condition::ok(0), {"COMMIT", {"x", Bytes{1}, 2.5, {}}, {}, true}});
  BatchRequestWriter writer;
  PipelineRequest request;
  request.requests.push_back(Batch{});
  EXPECT_EQ(writer.size_bytes(), encode_pipeline_request(request).size());
  for (const Step& step : batch.steps) {
    writer.add(step);
    std::get<Batch>(request.requests[0]).steps.push_back(step);
    EXPECT_EQ(writer.size_bytes(), encode_pipeline_request(request).size());
  }
  EXPECT_EQ(writer.step_count(), 2u);
  EXPECT_EQ(writer.finish(), encode_pipeline_request(request));
}

TEST(PipelineResponse, ResultsAreWrittenKeyByKeyAsThePeerExpects) {
  PipelineResponse response;
  response.results.push_back(
      StatementResult{{{"a", "INTEGER"}, {"b", std::nullopt}}, {{1, {}}, {2, "x"}}, 2, 9007199254740993});
  BatchResult batch;
  batch.step_results = {StatementResult{}, std::nullopt};
  batch.step_errors = {std::nullopt, SqlError{"no such table: t", "EXECUTE_ERROR"}};
  response.results.push_back(batch);
  response.results.push_back(CloseResult{});
  response.results.push_back(SqlError{"m", "C"});
  EXPECT_EQ(
      encode_pipeline_response(response),
      R"({"baton":null,"base_url":null,"results":[{"type":"ok","response":{"type":"execute","result":)"
      R"({"cols":[{"name":"a","decltype":"INTEGER"},{"name":"b","decltype":null}],"rows":[[{"type":"integer","value":"1"},{"type":"null"}],)"
      R"([{"type":"integer","value":"2"},{"type":"text","value":"x"}]],"affected_row_count":2,"last_insert_rowid":"9007199254740993"}}},)"
      R"({"type":"ok","response":{"type":"batch","result":{"step_results":[{"cols":[],"rows":[],"affected_row_count":0,"last_insert_rowid":null},null],)"
      R"("step_errors":[null,{"message":"no such table: t","code":"EXECUTE_ERROR"}]}}},{"type":"ok","response":{"type":"close"}},)"
      R"({"type":"error","error":{"message":"m","code":"C"}}]})");
}

}  // namespace
}  // namespace turso::wire
