// pipeline.hpp -- POST /v2/pipeline: SQL over HTTP as JSON (the Hrana pipeline), both sides.
//
// Rules towards the reference: integers as strings, unpadded base64, no `\/`, last_insert_rowid always present,
// errors have message and code, all keys present with null where unset, in the order of the structs below.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/value.hpp"

namespace turso::wire {

struct Condition {
  enum class Kind : std::uint8_t { kOk, kError, kNot, kAnd, kOr, kIsAutocommit };
  Kind kind = Kind::kIsAutocommit;
  std::uint32_t step = 0;           // kOk, kError
  std::vector<Condition> operands;  // kNot: one; kAnd, kOr: any number

  static Condition ok(std::uint32_t step);
  static Condition negate(Condition condition);
  static Condition all(std::vector<Condition> conditions);
  static Condition is_autocommit();
};

struct NamedArgument {
  std::string name;
  Value value;
};

struct SqlStatement {
  std::string sql;
  std::vector<Value> args;
  std::vector<NamedArgument> named_args;
  bool want_rows = true;
};

struct Step {
  std::optional<Condition> condition;
  SqlStatement statement;
};

struct Batch {
  std::vector<Step> steps;
};

// A request that the server does not know keeps its type, to be named in the answer.
struct OtherRequest {
  std::string type;
};
struct CloseRequest {};

using StreamRequest = std::variant<SqlStatement, Batch, CloseRequest, OtherRequest>;

struct PipelineRequest {
  std::optional<std::string> baton;
  std::vector<StreamRequest> requests;
};

struct Column {
  std::string name;
  std::optional<std::string> decltype_text;
};

struct StatementResult {
  std::vector<Column> columns;
  std::vector<std::vector<Value>> rows;
  std::int64_t affected_row_count = 0;
  std::optional<std::int64_t> last_insert_rowid;
};

struct SqlError {
  std::string message;
  std::string code;
};

struct BatchResult {
  std::vector<std::optional<StatementResult>> step_results;  // both as long as the steps
  std::vector<std::optional<SqlError>> step_errors;
};

struct CloseResult {};

using StreamResult = std::variant<StatementResult, BatchResult, CloseResult, SqlError>;

struct PipelineResponse {
  std::optional<std::string> baton;
  std::vector<StreamResult> results;
};

std::string encode_pipeline_request(const PipelineRequest& request);
Result<PipelineRequest> decode_pipeline_request(std::string_view json);
std::string encode_pipeline_response(const PipelineResponse& response);
Result<PipelineResponse> decode_pipeline_response(std::string_view json);

// Writes a batch request piece by piece, so that push can watch its size. The same bytes as
// encode_pipeline_request of one batch.
class BatchRequestWriter {
 public:
  BatchRequestWriter();
  void add(const Step& step);
  std::size_t size_bytes() const;  // of the whole request if finished now
  std::uint32_t step_count() const { return step_count_; }
  std::string finish();

 private:
  std::string json_;
  std::uint32_t step_count_ = 0;
};

}  // namespace turso::wire
